import { HeaderMap, type ApolloServer, type HTTPGraphQLResponse } from '@apollo/server';
import type { IncomingMessage } from 'node:http';
import { callerOf, type Caller } from './caller.ts';
import type { RequestFacts } from './graphql-engine.ts';
import { jsonReply, readBody, type Reply } from './http-server.ts';
import { readInboundRequest } from './inbound-request.ts';
import type { Parts } from './parts.ts';
import type { SignedRequest, Verification } from './verify.ts';

export type HandlerOptions<Context extends RequestFacts> = {
  readonly engine: ApolloServer<Context>;
  readonly verify: (request: SignedRequest) => Verification;
  readonly createContext: (request: RequestFacts) => Context;
  readonly isReady: () => Promise<boolean>;
  readonly routes: Readonly<Record<string, () => Promise<unknown>>>;
  readonly parts: Parts;
};

/** `gone` is aborted when nobody waits for the reply any more. */
export type Handle = (request: IncomingMessage, gone: AbortSignal) => Promise<Reply>;

const maxBodyBytes = 1_000_000;

/** Health and public documents by GET, GraphQL by signed POST; everything is answered in JSON. */
export function createHandler<Context extends RequestFacts>(options: HandlerOptions<Context>): Handle {
  const documents: Readonly<Record<string, () => Promise<Reply>>> = {
    '/health/live': async () => jsonReply(200, { status: 'UP' }),
    '/health/ready': () => readiness(options.isReady),
    ...Object.fromEntries(
      Object.entries(options.routes).map(([path, read]) => [path, async () => jsonReply(200, await read())]),
    ),
  };
  return async (request, gone) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (path === '/graphql') return graphql(request, gone, options);
    const document = Object.hasOwn(documents, path) ? documents[path] : undefined;
    if (document === undefined) return refusal(404, 'NOT_FOUND', 'There is nothing at this path.');
    if (request.method !== 'GET') return methodNotAllowed('GET');
    return guarded(document, options.parts);
  };
}

async function graphql<Context extends RequestFacts>(
  request: IncomingMessage,
  signal: AbortSignal,
  options: HandlerOptions<Context>,
): Promise<Reply> {
  if (request.method !== 'POST') return methodNotAllowed('POST');
  const { parts } = options;
  const { correlationId, ...inbound } = readInboundRequest(request.headers);
  const { requestId } = inbound;
  const log = parts.log.child({ requestId, ...(correlationId !== undefined && { correlationId }) });
  const started = performance.now();
  const reply = await guarded(() => answer(request, { inbound, log, signal }, options), { log });
  log.info({ status: reply.status, ms: Math.round(performance.now() - started) }, 'request answered');
  return reply;
}

async function answer<Context extends RequestFacts>(
  request: IncomingMessage,
  facts: Omit<RequestFacts, 'caller'>,
  options: HandlerOptions<Context>,
): Promise<Reply> {
  const body = await readBody(request, maxBodyBytes);
  if (body === null) return refusal(413, 'BAD_REQUEST', `The body is larger than ${maxBodyBytes} bytes.`);
  const { method = '', rawHeaders } = request;
  const verification = options.verify({ method, rawHeaders, body });
  if (verification.kind === 'refused') {
    facts.log.warn({ reason: verification.reason }, 'call refused');
    return refusal(
      401,
      // Not UNAUTHENTICATED, which clients would take for a reason to log in again: the router is at fault.
      'CALL_NOT_SIGNED',
      `The call is not signed for this service: ${verification.reason}.`,
    );
  }
  const json = parseJson(body);
  if (json === undefined) return refusal(400, 'BAD_REQUEST', 'The body is not JSON.');
  const caller: Caller = callerOf(verification.identity);
  const response = await options.engine.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method, headers: headerMap(rawHeaders), search: '', body: json },
    context: async () => options.createContext({ ...facts, caller }),
  });
  return toReply(response);
}

async function toReply(response: HTTPGraphQLResponse): Promise<Reply> {
  const { status = 200, headers } = response;
  if (response.body.kind === 'complete') return { status, headers, body: response.body.string };
  const chunks = await Array.fromAsync(response.body.asyncIterator);
  return { status, headers, body: chunks.join('') };
}

async function readiness(isReady: () => Promise<boolean>): Promise<Reply> {
  return (await isReady()) ? jsonReply(200, { status: 'UP' }) : jsonReply(503, { status: 'DOWN' });
}

/** The edge of the process: whatever was not foreseen is logged here and answered without details. */
async function guarded(run: () => Promise<Reply>, { log }: Pick<Parts, 'log'>): Promise<Reply> {
  try {
    return await run();
  } catch (error) {
    log.error({ err: error }, 'request failed');
    return refusal(500, 'INTERNAL_SERVER_ERROR', 'Internal server error');
  }
}

function refusal(status: number, code: string, message: string): Reply {
  return jsonReply(status, { errors: [{ message, extensions: { code } }] });
}

function methodNotAllowed(allow: string): Reply {
  return { ...refusal(405, 'BAD_REQUEST', `Use ${allow}.`), headers: [['allow', allow]] };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function headerMap(rawHeaders: readonly string[]): HeaderMap {
  const headers = new HeaderMap();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.set(rawHeaders[index]?.toLowerCase() ?? '', rawHeaders[index + 1] ?? '');
  }
  return headers;
}
