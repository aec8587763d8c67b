import type { IncomingHttpHeaders } from 'node:http';
import type { CancelSignal } from './cancel-signal.ts';
import type { RequestRecorder } from './request-recorder.ts';

/**
 * A GraphQL request as received over HTTP. Its size, media type and origin were checked, but not its content.
 */
export type ClientRequest = {
  readonly id: string;
  readonly correlationId: string | undefined;
  /**
   * Name of the contract (configured part of the graph) that the request is for; undefined for the whole
   * graph.
   */
  readonly graph?: string | undefined;
  readonly method: 'GET' | 'POST';
  /** Query string including `?`; empty if there is none. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  /** Values of all Authorization headers of the request. A request with more than one is rejected. */
  readonly authorization: readonly string[];
  /** Parsed JSON body; a RouterError if the body is not JSON, undefined for a GET. */
  readonly body: unknown;
  /** Remote address of the connection: that of the client or of a proxy. */
  readonly peer: string | undefined;
  /** Address of the client itself, not of a proxy. */
  readonly address: string;
  readonly mediaType: MediaType;
  /** Aborted when the client closes the connection, so that queries in flight can be cancelled. */
  readonly signal: CancelSignal;
  /** Times and facts of the request, for log, metrics, spans and `extensions.trace`. */
  readonly recorder: RequestRecorder;
};

/**
 * Maximum length in characters of an ASCII body that is sent in one write together with the response headers.
 * Two writes would take more CPU time.
 */
export const ONE_PIECE_BYTES = 8_192;

/** Response to a client without the headers that the server adds to every response, such as CORS headers. */
export type ClientResponse = {
  readonly status: number;
  /** Headers by name. If a value is a list, each item is sent as a separate header line. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | Buffer;
  /** Logged properties of the request that are not part of HTTP, such as the operation name. */
  readonly summary?: RequestSummary;
};

/** Data about a request that is logged, and becomes known only while the operation is processed. */
export type RequestSummary = {
  /**
   * Name of the contract (configured part of the graph) that the request used; absent for the whole graph.
   */
  readonly graph?: string | undefined;
  readonly operationType?: string | undefined;
  readonly operationName?: string | undefined;
  readonly userId?: string | undefined;
  /** Issuer of the user's token. It is logged because two issuers may use equal user ids. */
  readonly userIssuer?: string | undefined;
  readonly cost?: number | undefined;
  readonly codes?: readonly string[] | undefined;
  readonly degraded?: readonly string[] | undefined;
  /**
   * Id of the request that executed the operation, if this request received that request's result
   * (deduplication).
   */
  readonly deduplicatedBy?: string | undefined;
  /**
   * For each subgraph, by name, the id of the request whose subgraph call this request shared
   * (deduplication).
   */
  readonly deduplicatedCalls?: Readonly<Record<string, string>> | undefined;
  readonly generation?: string | undefined;
};

/** Media type of a response. */
export type MediaType = {
  readonly name: 'application/json' | 'application/graphql-response+json';
  /**
   * True if the Accept header contains the name of this media type, not only a wildcard, and no multipart
   * type. If the name is `application/json`, the response to an invalid document or invalid variables then
   * has status 200 (GraphQL over HTTP section 6.4.1).
   */
  readonly named: boolean;
};
