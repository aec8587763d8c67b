import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/config-schema.ts';
import { ERRORS, RouterError } from '../shared/errors.ts';
import { logMasked } from '../telemetry/masked-error.ts';
import { rejectionResponse } from '../response/rejection-response.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { traceExtension, withTiming } from '../trace/expose-trace.ts';
import { createInternalsPermission, exposureOf } from '../trace/may-see-internals.ts';
import type { Cancellation } from '../request/cancel-signal.ts';
import { RequestRecorder } from '../request/request-recorder.ts';
import { isUtf8Search } from '../shared/utf8.ts';
import { GraphFailure } from '../request/graph-failure.ts';
import type { ClientRequest, ClientResponse, MediaType, RequestSummary } from '../request/client-request.ts';
import type { RequestFinished } from '../request/finished-work.ts';
import { checkCsrf } from './csrf.ts';
import { JSON_TYPE, createMediaTypeChoice } from './media-type.ts';
import { readJsonBody } from './read-body.ts';
import { valuesOf } from './head/request-facts.ts';
import type { HttpFacts } from './head/request-facts.ts';
import { beginRequest, endRequest } from './sockets/requests-in-flight.ts';

export type GraphqlEndpointParts = {
  readonly telemetry: Telemetry;
  readonly monotonic: () => number;
  /** Returns the current time in milliseconds since 1970. */
  readonly now: () => number;
  /**
   * Rejects a request if the router is overloaded. Called with the headers, before the body is read.
   * @throws {RouterError} OVERLOADED
   */
  readonly checkHead: (request: IncomingMessage) => void;
  /**
   * Rejects a request if the router is overloaded. Called after the body was read, before any other work is
   * done.
   * @throws {RouterError} OVERLOADED
   */
  readonly checkBody: (request: IncomingMessage, body: unknown) => void;
  /**
   * Handles a GraphQL request. If this throws, the client receives the error as a response. If the error is a
   * `GraphFailure`, the client receives the `cause` of the `GraphFailure`, and the log also names its
   * contract (configured part of the graph).
   */
  readonly handle: (request: ClientRequest) => Promise<ClientResponse>;
};

type EndpointRequest = {
  readonly id: string;
  /**
   * Method, path, client address and names of client software, as read from the request line and the headers.
   */
  readonly facts: HttpFacts;
  readonly recorder: RequestRecorder;
  /**
   * Name of the contract (configured part of the graph) if the request was sent to the contract's own URL
   * path; undefined if the request was sent to the path of the whole graph.
   */
  readonly graph: string | undefined;
};

type Rejected = {
  readonly id: string;
  readonly mediaType: MediaType;
  readonly traceId: string | undefined;
  readonly extensions: object | undefined;
};

/** Creates the handler of requests to the GraphQL path. */
export function createGraphqlEndpoint(config: Config, parts: GraphqlEndpointParts) {
  const chooseMediaType = createMediaTypeChoice();
  const maySeeInternals = createInternalsPermission(config, parts);
  const timing = { isPublic: exposureOf(config) === 'everyone' };

  return async function endpoint(
    request: IncomingMessage,
    { id, facts, graph }: Omit<EndpointRequest, 'recorder'>,
  ): Promise<ClientResponse> {
    const { headers } = request;
    const recorder = new RequestRecorder(id, parts.monotonic, (identity) =>
      maySeeInternals(headers, identity),
    );
    recorder.note(facts);
    recorder.traced(parts.telemetry.tracing.begin(headers));
    const endpointRequest = { id, facts, graph, recorder };
    const untimed = await respond(request, endpointRequest);
    recorder.finish();
    const timed = withTiming(untimed.headers, { headers, recorder }, timing);
    const clientResponse = timed === untimed.headers ? untimed : { ...untimed, headers: timed };
    noteRateLimit(recorder, clientResponse);
    parts.telemetry.requestFinished(finishedRequest(clientResponse, endpointRequest));
    return withTraceId(clientResponse, recorder);
  };

  function withTraceId(clientResponse: ClientResponse, { span }: RequestRecorder): ClientResponse {
    const { responseHeader } = config.telemetry.traces;
    if (responseHeader === undefined || span.traceId === undefined) return clientResponse;
    const headers = { ...clientResponse.headers, [responseHeader.toLowerCase()]: span.traceId };
    return { ...clientResponse, headers };
  }

  async function respond(
    request: IncomingMessage,
    { id, facts, graph, recorder }: EndpointRequest,
  ): Promise<ClientResponse> {
    const { socket } = request;
    let mediaType = JSON_TYPE;
    let cancellation: Cancellation | undefined;
    try {
      mediaType = chooseMediaType(request.headers.accept);
      parts.checkHead(request);
      const { method, search } = checkMessage(request);
      const body = method === 'POST' ? await readBody(request) : undefined;
      parts.checkBody(request, body);
      cancellation = beginRequest(socket);
      return await parts.handle({
        id,
        graph,
        recorder,
        mediaType,
        method,
        body,
        search,
        headers: request.headers,
        authorization: valuesOf(request, 'authorization'),
        correlationId: facts.correlationId,
        peer: socket.remoteAddress,
        address: facts.clientAddress,
        signal: cancellation,
      });
    } catch (error) {
      const extensions = traceExtension({ headers: request.headers, recorder });
      const rejected = { id, mediaType, traceId: recorder.facts.traceId, extensions };
      if (!(error instanceof GraphFailure)) return reject(error, rejected);
      const rejection = reject(error.cause, rejected);
      return { ...rejection, summary: { ...rejection.summary, graph: error.graph } };
    } finally {
      if (cancellation !== undefined) endRequest(socket, cancellation);
    }
  }

  /**
   * Reads the body. If it is not JSON, returns the error instead of throwing it: the request is rejected only
   * after its caller is known, so that the caller can be charged.
   */
  function readBody(request: IncomingMessage): Promise<unknown> {
    return readJsonBody(request, config.limits.bodyBytes).catch((error: unknown) => {
      if (error instanceof RouterError && error.code === 'BAD_REQUEST') return error;
      throw error;
    });
  }

  /**
   * Checks the HTTP method, CSRF protection and the encoding of the query string, before the body is read.
   */
  function checkMessage(request: IncomingMessage): Pick<ClientRequest, 'method' | 'search'> {
    const method = allowedMethod(request.method);
    checkCsrf(request, config.csrf);
    const search = searchOf(request.url);
    // A query string with bytes that are not UTF-8 is rejected here, because URLSearchParams would silently
    // replace these bytes by U+FFFD.
    if (method === 'GET' && !isUtf8Search(search))
      throw new RouterError('BAD_REQUEST', 'the query string is not UTF-8');
    return { method, search };
  }

  function reject(error: unknown, { id, mediaType, traceId, extensions }: Rejected): ClientResponse {
    if (error instanceof RouterError && ERRORS[error.code].exposed)
      return rejectionResponse(error, mediaType, { requestId: id }, extensions);
    const errorId = logMasked(parts.telemetry.log, error, { requestId: id, traceId });
    return rejectionResponse(
      new RouterError('INTERNAL_SERVER_ERROR', undefined, { cause: error }),
      mediaType,
      {
        id: errorId,
        requestId: id,
      },
      extensions,
    );
  }
}

function allowedMethod(method: string | undefined): 'GET' | 'POST' {
  if (method === 'GET' || method === 'POST') return method;
  throw new RouterError('METHOD_NOT_ALLOWED', 'GraphQL requests must use POST; queries may also use GET');
}

function searchOf(url = '/'): string {
  const query = url.indexOf('?');
  return query === -1 ? '' : url.slice(query);
}

const NO_SUMMARY: RequestSummary = {};

/**
 * Returns the record of a finished request for log and metrics. The properties of `summary` are listed one by
 * one, because spreading it would copy an object and give the records different hidden classes in V8.
 */
function finishedRequest(
  { status, body, summary = NO_SUMMARY }: ClientResponse,
  { id, facts, graph, recorder }: EndpointRequest,
): RequestFinished {
  return {
    requestId: id,
    method: facts.method,
    status,
    ms: recorder.totalMs,
    clientIp: facts.clientAddress,
    clientName: facts.clientName,
    clientVersion: facts.clientVersion,
    bytes: Buffer.byteLength(body),
    graph: summary.graph ?? graph,
    operationType: summary.operationType,
    operationName: summary.operationName,
    userId: summary.userId,
    userIssuer: summary.userIssuer,
    cost: summary.cost,
    codes: summary.codes,
    degraded: summary.degraded,
    deduplicatedBy: summary.deduplicatedBy,
    deduplicatedCalls: summary.deduplicatedCalls,
    generation: summary.generation,
    recorder,
  };
}

/**
 * Records how many points the caller has left in its rate limit. The number is read from the response header
 * `x-ratelimit-remaining`, because responses to rejected requests have this header too.
 */
function noteRateLimit(recorder: RequestRecorder, { headers }: ClientResponse): void {
  const remaining = headers['x-ratelimit-remaining'];
  if (remaining !== undefined) recorder.facts.rateLimitRemaining = Number(remaining);
}
