import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../config/config-schema.ts';
import { ERRORS, RouterError } from '../shared/errors.ts';
import { logMasked } from '../telemetry/masked-error.ts';
import { rejectionResponse } from '../response/rejection-response.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { traceExtension, withTiming } from '../trace/expose-trace.ts';
import { createInternalsPermission, exposureOf } from '../trace/may-see-internals.ts';
import { RequestRecorder } from '../request/request-recorder.ts';
import { isUtf8Search } from '../shared/utf8.ts';
import { GraphFailure } from '../request/graph-failure.ts';
import type { ClientRequest, ClientResponse, MediaType } from '../request/client-request.ts';
import { namedClient } from '../usage/client-label.ts';
import { checkCsrf } from './csrf.ts';
import { JSON_TYPE, createMediaTypeChoice } from './media-type.ts';
import { readJsonBody } from './read-body.ts';
import { saneId } from './request-id.ts';

export type GraphqlEndpointParts = {
  readonly telemetry: Telemetry;
  readonly monotonic: () => number;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly clientAddress: (remoteAddress: string | undefined, forwardedFor: readonly string[]) => string;
  /**
   * Rejects a request by its headers, before its body is read.
   * @throws {RouterError} OVERLOADED
   */
  readonly checkHead: (request: IncomingMessage) => void;
  /**
   * Rejects a request by its headers and its body, before anything else is done for it.
   * @throws {RouterError} OVERLOADED
   */
  readonly checkBody: (request: IncomingMessage, body: unknown) => void;
  /**
   * Handles a GraphQL request. A RouterError that it throws, or the cause of a GraphFailure, becomes an error
   * response.
   */
  readonly handle: (request: ClientRequest) => Promise<ClientResponse>;
};

type EndpointRequest = {
  readonly id: string;
  readonly recorder: RequestRecorder;
  /** Address of the client, behind trusted proxies. */
  readonly address: string;
  /** Name of the contract whose `path` the request was sent to; undefined for the path of the whole graph. */
  readonly graph: string | undefined;
};

type Rejected = {
  readonly id: string;
  readonly mediaType: MediaType;
  readonly extensions: object | undefined;
};

/** Creates the handler of requests to the GraphQL path. */
export function createGraphqlEndpoint(config: Config, parts: GraphqlEndpointParts) {
  const chooseMediaType = createMediaTypeChoice();
  const maySeeInternals = createInternalsPermission(config, parts);
  const timing = { isPublic: exposureOf(config) === 'everyone' };

  return async function endpoint(
    request: IncomingMessage,
    response: ServerResponse,
    { id, graph }: Pick<EndpointRequest, 'id' | 'graph'>,
  ): Promise<ClientResponse> {
    const { headers } = request;
    const recorder = new RequestRecorder(id, parts.monotonic, (identity) =>
      maySeeInternals(headers, identity),
    );
    recorder.traced(parts.telemetry.tracing.begin(headers));
    const address = parts.clientAddress(request.socket.remoteAddress, valuesOf(request, 'x-forwarded-for'));
    const untimed = await respond(request, response, { id, graph, recorder, address });
    recorder.finish();
    const timed = withTiming(untimed.headers, { headers, recorder }, timing);
    const clientResponse = { ...untimed, headers: timed };
    const correlationId = saneId(request.headers['x-correlation-id']);
    parts.telemetry.requestFinished({
      requestId: id,
      ...(correlationId !== undefined && { correlationId }),
      method: request.method ?? '',
      status: clientResponse.status,
      ms: recorder.totalMs,
      clientIp: address,
      ...namedClient(headers),
      bytes: Buffer.byteLength(clientResponse.body),
      ...(graph !== undefined && { graph }),
      ...clientResponse.summary,
      recorder,
    });
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
    response: ServerResponse,
    known: EndpointRequest,
  ): Promise<ClientResponse> {
    const { id, recorder } = known;
    let mediaType = JSON_TYPE;
    try {
      mediaType = chooseMediaType(request.headers.accept);
      parts.checkHead(request);
      const clientRequest = await toClientRequest(request, response, { ...known, mediaType });
      return await parts.handle(clientRequest);
    } catch (error) {
      const rejected = { id, mediaType, extensions: traceExtension({ headers: request.headers, recorder }) };
      if (!(error instanceof GraphFailure)) return reject(error, rejected);
      const rejection = reject(error.cause, rejected);
      return { ...rejection, summary: { ...rejection.summary, graph: error.graph } };
    }
  }

  async function toClientRequest(
    request: IncomingMessage,
    response: ServerResponse,
    known: EndpointRequest & { readonly mediaType: MediaType },
  ): Promise<ClientRequest> {
    const method = allowedMethod(request.method);
    checkCsrf(request, config.csrf);
    const search = searchOf(request.url);
    // Invalid bytes are rejected here, because URLSearchParams would silently replace them by U+FFFD.
    if (method === 'GET' && !isUtf8Search(search))
      throw new RouterError('BAD_REQUEST', 'the query string is not UTF-8');
    const body = method === 'POST' ? await readJsonBody(request, config.limits.bodyBytes) : undefined;
    parts.checkBody(request, body);
    return {
      ...known,
      method,
      body,
      search,
      headers: request.headers,
      authorization: valuesOf(request, 'authorization'),
      correlationId: saneId(request.headers['x-correlation-id']),
      peer: request.socket.remoteAddress,
      signal: goneSignal(response),
    };
  }

  function reject(error: unknown, { id, mediaType, extensions }: Rejected): ClientResponse {
    if (error instanceof RouterError && ERRORS[error.code].exposed)
      return rejectionResponse(error, mediaType, { requestId: id }, extensions);
    const errorId = logMasked(parts.telemetry.log, error, { requestId: id });
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

// Returns every value of a request header. `headers` has only the first value of some headers, and
// `headersDistinct` would copy all headers.
function valuesOf({ headers, rawHeaders }: IncomingMessage, name: string): readonly string[] {
  if (headers[name] === undefined) return [];
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1];
    if (rawHeaders[index]?.toLowerCase() === name && value !== undefined) values.push(value);
  }
  return values;
}

function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new RouterError('REQUEST_CANCELLED'));
  });
  return controller.signal;
}
