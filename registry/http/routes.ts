import type { IncomingMessage } from 'node:http';
import { isDataException, isUnreachable } from '../../database/postgres-errors.ts';
import { createGraphQLHandler } from '../api/graphql-handler.ts';
import { ERROR_STATUS, RegistryError } from '../errors.ts';
import { assertRole, authenticate } from '../keys/api-keys.ts';
import type { Principal } from '../keys/api-keys.ts';
import { publicKeySet } from '../keys/signer.ts';
import { receiveReport } from '../routers/router-reports.ts';
import type { Services } from '../services.ts';
import { parseRef, requireVariant } from '../store/variants.ts';
import type { VariantRow } from '../store/tables.ts';
import { receiveUsage } from '../usage/receive-usage.ts';
import { serveByContent, serveRelease, serveSupergraph } from './artifacts.ts';
import { errorReply, jsonReply, readBody } from './http-server.ts';
import type { Handle, Reply } from './http-server.ts';
import { loggedRequest } from './logged-request.ts';

type Call = {
  readonly request: IncomingMessage;
  readonly search: URLSearchParams;
  readonly signal: AbortSignal;
  readonly principal: Principal;
};

type Route = {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  /** The groups are those of the path. */
  readonly run: (call: Call, groups: readonly string[]) => Promise<Reply>;
};

export type RouteParts = { readonly services: Services; readonly isReady: () => Promise<boolean> };

/** Creates the handler of all endpoints. */
export function createRoutes({ services, isReady }: RouteParts): Handle {
  const routes = keyedRoutes(services);

  async function handle(request: IncomingMessage, signal: AbortSignal): Promise<Reply> {
    const url = new URL(request.url ?? '/', 'http://registry.invalid');
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
    if (url.pathname === '/health') return health(method, url.searchParams, isReady);
    if (url.pathname === '/metrics') return method === 'GET' ? metricsReply(services) : wrongMethod('GET');
    if (url.pathname === '/.well-known/jwks.json')
      return method === 'GET' ? jsonReply(200, await publicKeySet(services.db)) : wrongMethod('GET');
    const found = routes.flatMap((route) => {
      const match = route.path.exec(url.pathname);
      return match === null ? [] : [{ route, groups: match.slice(1) }];
    })[0];
    if (found === undefined) return errorReply(404, 'NOT_FOUND', 'there is nothing at this path');
    if (found.route.method !== method) return wrongMethod(found.route.method);
    const principal = await authenticate(services.db, keyOf(request), services.now());
    return found.route.run({ request, search: url.searchParams, signal, principal }, found.groups);
  }

  return async (request, signal) => {
    const started = performance.now();
    const log = services.log.child(loggedRequest(request));
    const reply = await handle(request, signal).catch((error: unknown) => failureReply(log, error));
    const ms = Math.round(performance.now() - started);
    log.info({ status: reply.status, ms }, 'request handled');
    return reply;
  };
}

const SEGMENT = '([\\w-]{1,64})';
const VARIANT = `${SEGMENT}/([\\w.-]{1,64})`;

/** Reports are kept and read together. One with the most and longest rejections is half as large. */
const MAX_REPORT_BYTES = 1_000_000;

function keyedRoutes(services: Services): readonly Route[] {
  const graphql = createGraphQLHandler(services);
  const variantFor = (principal: Principal, [graph = '', variant = '']: readonly string[]) => {
    assertRole(principal, 'READ', graph);
    return requireVariant(services.db, parseRef(`${graph}@${variant}`));
  };
  const { maxBodyBytes } = services.settings;
  return [
    {
      method: 'POST',
      path: /^\/graphql$/,
      run: async ({ request, principal }) =>
        graphql({ request, principal, body: await readLimited(request, maxBodyBytes) }),
    },
    {
      method: 'GET',
      path: new RegExp(`^/artifacts/${SEGMENT}/supergraphs/([0-9a-f]{64})$`),
      async run({ principal }, [graph = '', sha256 = '']) {
        assertRole(principal, 'READ', graph);
        return serveByContent(services, graph, sha256);
      },
    },
    {
      method: 'GET',
      path: new RegExp(`^/artifacts/${VARIANT}/release$`),
      run: async (call, groups) =>
        serveRelease(services, { ...call, variant: await variantFor(call.principal, groups) }),
    },
    {
      method: 'GET',
      path: new RegExp(`^/artifacts/${VARIANT}$`),
      run: async (call, groups) =>
        serveSupergraph(services, { ...call, variant: await variantFor(call.principal, groups) }),
    },
    posting('routers', receiveReport, Math.min(MAX_REPORT_BYTES, maxBodyBytes)),
    posting('usage', receiveUsage, maxBodyBytes),
  ];

  function posting(
    name: string,
    receive: (services: Services, variant: VariantRow, message: unknown) => Promise<void>,
    maxBytes: number,
  ): Route {
    return {
      method: 'POST',
      path: new RegExp(`^/${name}/${VARIANT}$`),
      async run({ request, principal }, groups) {
        const variant = await variantFor(principal, groups);
        await receive(services, variant, parseJson(await readLimited(request, maxBytes)));
        return { status: 204 };
      },
    };
  }
}

async function health(
  method: string,
  search: URLSearchParams,
  isReady: () => Promise<boolean>,
): Promise<Reply> {
  if (method !== 'GET') return wrongMethod('GET');
  if (!search.has('ready') || (await isReady())) return jsonReply(200, { status: 'UP' });
  return jsonReply(503, { status: 'DOWN', reason: 'the database does not respond' });
}

async function metricsReply({ metrics }: Pick<Services, 'metrics'>): Promise<Reply> {
  const { contentType, text } = await metrics.expose();
  return { status: 200, headers: { 'content-type': contentType, 'cache-control': 'no-store' }, body: text };
}

/** Returns the key of a request, or an empty text. */
function keyOf({ headers }: IncomingMessage): string {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  return bearer ?? String(headers['x-api-key'] ?? '');
}

function wrongMethod(allow: string): Reply {
  const reply = errorReply(405, 'BAD_USER_INPUT', `use ${allow}`);
  return { ...reply, headers: { ...reply.headers, allow } };
}

async function readLimited(request: IncomingMessage, maxBytes: number): Promise<string> {
  const body = await readBody(request, maxBytes);
  if (body !== null) return body;
  throw new RegistryError('TOO_LARGE', `the request body exceeds the limit of ${maxBytes} bytes`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RegistryError('BAD_USER_INPUT', 'the request body is not JSON');
  }
}

function rejection({ code, message }: RegistryError): Reply {
  const reply = errorReply(ERROR_STATUS[code], code, message);
  if (code !== 'UNAUTHENTICATED') return reply;
  return { ...reply, headers: { ...reply.headers, 'www-authenticate': 'Bearer' } };
}

/** Responds to an error; the causes of unexpected ones go to the log only. */
function failureReply(log: Services['log'], error: unknown): Reply {
  if (error instanceof RegistryError) {
    const { code, message: reason } = error;
    const isDenial = code === 'UNAUTHENTICATED' || code === 'FORBIDDEN';
    if (isDenial) log.warn({ stream: 'audit', code, reason }, 'API key rejected');
    return rejection(error);
  }
  if (isUnreachable(error)) {
    log.error({ err: error }, 'database unavailable');
    return errorReply(503, 'UNAVAILABLE', 'the database of the registry is unavailable');
  }
  if (isDataException(error))
    return errorReply(400, 'BAD_USER_INPUT', 'a value cannot be what it is used as');
  log.error({ err: error }, 'request failed');
  return errorReply(500, 'INTERNAL_SERVER_ERROR', 'internal server error');
}
