import { Kind, OperationTypeNode, parse } from 'graphql';
import type { DocumentNode } from 'graphql';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Config } from '../../config/config-schema.ts';
import { readJsonBody } from '../../http/read-body.ts';
import type { ClientResponse } from '../../request/client-request.ts';
import { codeOrMessageOf, messageOf } from '../../shared/error-message.ts';
import { RouterError } from '../../shared/errors.ts';
import { apiError } from './api-response.ts';
import { exchange } from './exchange.ts';

const TIMEOUT_MS = 30_000;
const MAX_REQUEST_BYTES = 1_048_576;
const MAX_RESPONSE_BYTES = 32 * 1_048_576;
const MAX_TOKENS = 10_000;

const graphqlBody = z.strictObject({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

/**
 * Creates the function that forwards GraphQL operations of the console to the registry that the router
 * follows. If the browser sends an API key in `x-api-key`, the registry receives this key. Otherwise the
 * router sends its own key and forwards only queries.
 */
export function createRegistryProxy(
  { supergraph }: Pick<Config, 'supergraph'>,
  { fetch }: { readonly fetch: typeof globalThis.fetch },
): (request: IncomingMessage) => Promise<ClientResponse> {
  const registry = registryOf(supergraph);

  return async (request) => {
    if (registry === undefined)
      throw new RouterError('NOT_FOUND', 'the router follows no registry, set `supergraph.registry`', {
        extensions: { key: 'supergraph.registry' },
      });
    if (request.method !== 'POST')
      return apiError({
        status: 405,
        code: 'METHOD_NOT_ALLOWED',
        message: 'only POST is allowed for this path',
        headers: { allow: 'POST' },
      });
    const body = graphqlBody.safeParse(await readJsonBody(request, MAX_REQUEST_BYTES));
    if (!body.success) throw new RouterError('BAD_REQUEST', z.prettifyError(body.error));
    const own = request.headers['x-api-key'];
    if (typeof own !== 'string') assertReads(body.data.query);
    const headers = new Headers({
      accept: 'application/graphql-response+json, application/json',
      'content-type': 'application/json',
      authorization: `Bearer ${typeof own === 'string' ? own : registry.key}`,
    });
    try {
      const response = await exchange({
        url: endpointOf(registry.url),
        method: 'POST',
        headers,
        body: Buffer.from(JSON.stringify(body.data)),
        timeoutMs: TIMEOUT_MS,
        maxBytes: MAX_RESPONSE_BYTES,
        request,
        fetch,
      });
      return proxied(response);
    } catch (error) {
      return apiError({ status: 502, code: 'BAD_GATEWAY', message: unreachable(error) });
    }
  };
}

/** Returns the registry that the router follows; undefined if it follows none. */
export function registryOf({
  registry,
  sources = [],
}: Config['supergraph']): Config['supergraph']['registry'] {
  return registry ?? sources.find((source) => source.registry !== undefined)?.registry;
}

/**
 * Returns the error message for a registry that does not respond. `fetch` puts the reason into the `cause` of
 * its error.
 */
function unreachable(error: unknown): string {
  const reason = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return `the registry does not respond (${codeOrMessageOf(reason)}); the router serves what it has`;
}

function endpointOf(url: string): URL {
  const base = new URL(url);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return new URL('graphql', base);
}

/**
 * Checks that all operations of a document are queries.
 * @throws {RouterError} for mutations and subscriptions
 */
function assertReads(query: string): void {
  const isQuery = (document: DocumentNode) =>
    document.definitions.every(
      (one) => one.kind !== Kind.OPERATION_DEFINITION || one.operation === OperationTypeNode.QUERY,
    );
  let document: DocumentNode;
  try {
    document = parse(query, { noLocation: true, maxTokens: MAX_TOKENS });
  } catch (error) {
    throw new RouterError('GRAPHQL_PARSE_FAILED', messageOf(error));
  }
  if (!isQuery(document))
    throw new RouterError('UNAUTHENTICATED', 'send your API key in x-api-key to change the registry');
}

/**
 * Matches media types of GraphQL responses. Any other response of the registry is not forwarded, because it
 * could be an HTML page, which browsers run.
 */
const JSON_TYPE = /^application\/(?:graphql-response\+)?json\s*(?:;|$)/i;

/**
 * Returns the response of the registry for the browser. A redirect becomes an error, because its target is
 * not the configured registry.
 */
function proxied({
  status,
  headers,
  body,
}: {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}): ClientResponse {
  const type = headers.get('content-type') ?? '';
  if ((status >= 300 && status < 400) || !JSON_TYPE.test(type))
    return apiError({
      status: 502,
      code: 'BAD_GATEWAY',
      message: `the registry responded with status ${status}`,
    });
  return { status, headers: { 'content-type': type, 'cache-control': 'no-store' }, body };
}
