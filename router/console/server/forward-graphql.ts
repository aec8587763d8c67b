import type { IncomingMessage } from 'node:http';
import type { Config } from '../../config/config-schema.ts';
import { urlAt } from '../../http/http-server.ts';
import type { ClientResponse } from '../../request/client-request.ts';
import { messageOf } from '../../shared/error-message.ts';
import { createDebugToken } from '../../trace/debug-token.ts';
import { apiError } from './api-response.ts';
import { exchange, readRequestBody } from './exchange.ts';

export type ForwardParts = {
  /** Returns the number of the port on which the router serves clients. */
  readonly clientPort: () => number;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly fetch: typeof fetch;
};

/** Lifetime in seconds of the debug token that a forwarded operation carries. */
const TOKEN_LIFETIME_S = 60;
const TIMEOUT_MS = 120_000;
const MAX_RESPONSE_BYTES = 64 * 1_048_576;

/**
 * Request headers of the browser that are not forwarded to the client port. Most of them describe the
 * connection, the origin of the page, or a proxy in front of the admin port. Cookies are not forwarded,
 * because they belong to the origin of the page.
 */
const OWN_HEADERS =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|host|origin|referer|content-length|accept-encoding|cookie|forwarded|x-forwarded-.*|sec-.*|tributary-debug|tributary-console-token)$/;

/** Response headers of the client port that are not forwarded to the browser. */
const OWN_RESPONSE_HEADERS =
  /^(?:connection|keep-alive|proxy-.*|trailer|transfer-encoding|upgrade|content-length|content-encoding|set-cookie|access-control-.*)$/;

/**
 * Creates the function that forwards GraphQL operations of the console from the admin port to the client
 * port, where they are handled like operations of clients. A debug token is added, so that the response may
 * contain the trace and the query plan.
 */
export function createGraphqlForwarding(
  config: Pick<Config, 'listen' | 'limits' | 'identity'>,
  { clientPort, now, fetch }: ForwardParts,
): (request: IncomingMessage) => Promise<ClientResponse> {
  const [key] = config.identity.keys;

  function targetOf(target = ''): URL {
    const url = new URL(
      config.listen.path,
      urlAt({ host: reachable(config.listen.host), port: clientPort() }),
    );
    const query = target.indexOf('?');
    url.search = query === -1 ? '' : target.slice(query);
    return url;
  }

  return async (request) => {
    const { method } = request;
    if (method !== 'GET' && method !== 'POST')
      return apiError({
        status: 405,
        code: 'METHOD_NOT_ALLOWED',
        message: 'only GET and POST are allowed for this path',
        headers: { allow: 'GET, POST' },
      });
    const body = method === 'POST' ? await readRequestBody(request, config.limits.bodyBytes) : undefined;
    const headers = forwardedHeaders(request);
    if (key !== undefined)
      headers.set('tributary-debug', createDebugToken(key, { now: now(), lifetimeS: TOKEN_LIFETIME_S }));
    try {
      const response = await exchange({
        url: targetOf(request.url),
        method,
        headers,
        body,
        timeoutMs: TIMEOUT_MS,
        maxBytes: MAX_RESPONSE_BYTES,
        request,
        fetch,
      });
      return { status: response.status, headers: responseHeaders(response.headers), body: response.body };
    } catch (error) {
      return apiError({ status: 502, code: 'BAD_GATEWAY', message: `client port: ${messageOf(error)}` });
    }
  };
}

/**
 * Returns the headers of the browser's request that are forwarded. A header that occurs several times keeps
 * all its values.
 */
function forwardedHeaders({ rawHeaders, headers: { connection = '' } }: IncomingMessage): Headers {
  const named = new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (!OWN_HEADERS.test(name) && !named.has(name)) headers.append(name, rawHeaders[index + 1] ?? '');
  }
  return headers;
}

function responseHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !OWN_RESPONSE_HEADERS.test(name)));
}

/**
 * Returns an address at which this machine can connect to a port that listens on `host`: `127.0.0.1` for
 * `0.0.0.0`.
 */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
