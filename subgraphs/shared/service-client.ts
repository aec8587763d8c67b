import { Agent, fetch } from 'undici';
import { shopError } from './errors.ts';
import type { TlsSettings } from './settings.ts';
import { signIdentity, type IdentityKey } from './sign.ts';

/** What a call to another subgraph comes back with; transport failures are thrown as UNAVAILABLE. */
type ServiceAnswer = {
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly errors: readonly ServiceError[];
};

type ServiceError = { readonly message: string; readonly code: string };

type ServiceCall = {
  readonly url: string;
  /** The called subgraph's name in supergraph.yaml. */
  readonly audience: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly requestId: string;
};

export type ServiceClientOptions = {
  /** The calling subgraph, which the callee sees in `X-Service-Name`. */
  readonly caller: string;
  /** The caller's own key: the called service accepts it for no other caller. */
  readonly key: IdentityKey;
  readonly now: () => number;
  /** What is shown to services that are called by `https`, and whom of them to trust. */
  readonly tls?: TlsSettings | null;
  readonly timeoutMs?: number;
};

export type CallService = (call: ServiceCall) => Promise<ServiceAnswer>;

const defaultTimeoutMs = 2_000;

/** Calls other subgraphs with this subgraph's own signed identity, never with the user's. */
export function createServiceClient(options: ServiceClientOptions): CallService {
  const agent = agentOf(options.tls ?? null);
  return async (call) => {
    const body = JSON.stringify({ query: call.query, variables: call.variables });
    try {
      const response = await fetch(call.url, {
        method: 'POST',
        headers: headersOf(call, body, options),
        body,
        // A redirect would carry the identity to wherever it points.
        redirect: 'error',
        signal: AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs),
        ...(agent !== null && { dispatcher: agent }),
      });
      return readAnswer(await response.json());
    } catch (error) {
      throw shopError('UNAVAILABLE', `The ${call.audience} service is unavailable.`, error);
    }
  };
}

function agentOf(tls: TlsSettings | null): Agent | null {
  if (tls === null) return null;
  const { ca, ...own } = tls;
  return new Agent({ connect: { ...own, ...(ca !== null && { ca }) } });
}

function headersOf(call: ServiceCall, body: string, options: ServiceClientOptions): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-request-id': call.requestId,
    ...signIdentity({
      key: options.key,
      audience: call.audience,
      method: 'POST',
      body,
      identity: { 'x-service-name': options.caller },
      now: options.now,
    }),
  };
}

function readAnswer(body: unknown): ServiceAnswer {
  if (!isRecord(body) || !('data' in body || 'errors' in body)) throw new Error('not a GraphQL response');
  const errors = Array.isArray(body['errors']) ? body['errors'].filter(isRecord) : [];
  return { data: isRecord(body['data']) ? body['data'] : null, errors: errors.map(readError) };
}

function readError(error: Readonly<Record<string, unknown>>): ServiceError {
  const extensions = isRecord(error['extensions']) ? error['extensions'] : {};
  return {
    message: String(error['message']),
    code: typeof extensions['code'] === 'string' ? extensions['code'] : 'INTERNAL_SERVER_ERROR',
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
