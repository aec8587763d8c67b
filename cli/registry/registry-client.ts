import { z } from 'zod';
import { codeOrMessageOf } from '../../router/shared/error-message.ts';
import { CommandError } from '../outcome.ts';
import { rejectionOf } from './rejection.ts';
import type { Connection } from './registry-options.ts';

/** Sends one operation to the registry and returns its data, checked by `schema`. */
export type RegistryClient = {
  readonly url: string;
  /** @throws {CommandError} */
  readonly request: <Data>(
    document: string,
    variables: Readonly<Record<string, unknown>>,
    schema: z.ZodType<Data>,
  ) => Promise<Data>;
};

const bodySchema = z.looseObject({
  data: z.unknown().optional(),
  errors: z
    .array(
      z.looseObject({
        message: z.string(),
        extensions: z.looseObject({ code: z.string().optional() }).optional(),
      }),
    )
    .optional(),
});

/** Creates a client whose requests together take at most the time limit of the connection. */
export function createRegistryClient({ url, key, timeoutMs }: Connection): RegistryClient {
  const signal = AbortSignal.timeout(timeoutMs);
  return {
    url,
    request: async (document, variables, schema) => {
      try {
        const response = await exchange({ url, key, timeoutMs, signal }, { query: document, variables });
        return dataOf(url, response, schema);
      } catch (error) {
        throw withoutKey(error, key);
      }
    },
  };
}

type Exchange = Connection & { readonly signal: AbortSignal };

type Received = { readonly status: number; readonly type: string; readonly text: string };

async function exchange({ url, key, timeoutMs, signal }: Exchange, body: unknown): Promise<Received> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json, application/json',
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
      // The key is for this registry only.
      redirect: 'manual',
      signal,
    });
    rejectRedirect(url, response);
    const type = response.headers.get('content-type') ?? 'no content type';
    return { status: response.status, type, text: await response.text() };
  } catch (error) {
    throw exchangeError(error, url, timeoutMs);
  }
}

function rejectRedirect(url: string, { status, headers }: Response): void {
  if (status < 300 || status > 399) return;
  const target = URL.parse(headers.get('location') ?? '', url);
  const place = target === null ? '' : ` to ${target.origin}${target.pathname.replace(/\/graphql$/, '')}`;
  throw new CommandError(
    'REGISTRY_REDIRECT',
    `${url} redirects${place}; name the registry itself with --registry or TRIBUTARY_REGISTRY`,
  );
}

function exchangeError(error: unknown, url: string, timeoutMs: number): Error {
  if (error instanceof CommandError) return error;
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    const seconds = timeoutMs / 1000;
    return new CommandError(
      'REGISTRY_TIMEOUT',
      `the registry at ${url} did not respond within ${seconds} s; --timeout SECONDS changes the limit`,
    );
  }
  if (!(error instanceof TypeError)) return error instanceof Error ? error : new Error(String(error));
  return new CommandError(
    'REGISTRY_UNREACHABLE',
    `cannot reach the registry at ${url} (${reasonOf(error.cause ?? error)}); check --registry or TRIBUTARY_REGISTRY, and that the registry runs`,
    { cause: error },
  );
}

/** An AggregateError has one error for each address that was tried. */
function reasonOf(cause: unknown): string {
  return codeOrMessageOf(cause instanceof AggregateError ? (cause.errors[0] ?? cause) : cause);
}

function dataOf<Data>(url: string, { status, type, text }: Received, schema: z.ZodType<Data>): Data {
  const body = bodySchema.safeParse(jsonOf(text));
  if (!body.success || (body.data.data === undefined && body.data.errors === undefined))
    throw notGraphQL(url, status, type);
  const { data, errors = [] } = body.data;
  if (errors.length > 0) throw rejectionOf(url, errors);
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const place = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new CommandError(
    'REGISTRY_VERSION',
    `the registry at ${url} responds in another form than this version of tributary expects (${place}); use the same version of both`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notGraphQL(url: string, status: number, type: string): CommandError {
  const kind = type.split(';')[0] ?? type;
  return new CommandError(
    'NOT_A_REGISTRY',
    `${url}/graphql responded with HTTP status ${status} and ${kind} instead of GraphQL; a proxy may have responded, or --registry names another service`,
  );
}

/** A response may repeat what was sent. */
function withoutKey(error: unknown, key: string): unknown {
  if (!(error instanceof CommandError) || !error.message.includes(key)) return error;
  const { outcome } = error;
  const code = outcome.kind === 'failure' ? outcome.code : 'REGISTRY_ERROR';
  return new CommandError(code, error.message.replaceAll(key, 'KEY'));
}
