import type { IncomingHttpHeaders } from 'node:http';
import type { CancelSignal } from './cancel-signal.ts';
import type { RequestRecorder } from './request-recorder.ts';

/**
 * A GraphQL request as received over HTTP. Its size, media type and origin were checked, but not its content.
 */
export type ClientRequest = {
  readonly id: string;
  readonly correlationId: string | undefined;
  /** Name of the contract that the request is for; undefined for the whole graph. */
  readonly graph?: string | undefined;
  readonly method: 'GET' | 'POST';
  /** Query string including `?`; empty if there is none. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  /** All Authorization headers, so that a request with several can be rejected. */
  readonly authorization: readonly string[];
  /** Parsed JSON body; undefined for a GET. */
  readonly body: unknown;
  /** Remote address of the connection, which may be a proxy. */
  readonly peer: string | undefined;
  /** Address of the client, found behind trusted proxies. */
  readonly address: string;
  readonly mediaType: MediaType;
  /** Aborted when the client closes the connection, so that queries in flight can be cancelled. */
  readonly signal: CancelSignal;
  /** Times and facts of the request, for log, metrics, spans and `extensions.trace`. */
  readonly recorder: RequestRecorder;
};

/**
 * Maximum length in characters of an ASCII body that is sent together with its headers in one write. Separate
 * writes would take more CPU time.
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

/** Properties of a request that are logged. */
export type RequestSummary = {
  /** Name of the contract; absent for the whole graph. */
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
   * Id of the request that executed the operation, if this request only shared its result (deduplication).
   */
  readonly deduplicatedBy?: string | undefined;
  /** Ids of the requests whose subgraph calls this request shared (deduplication), by subgraph name. */
  readonly deduplicatedCalls?: Readonly<Record<string, string>> | undefined;
  readonly generation?: string | undefined;
};

/** Media type of a response. */
export type MediaType = {
  readonly name: 'application/json' | 'application/graphql-response+json';
  /**
   * True if the Accept header names this media type and no multipart type. Clients that name
   * `application/json` receive status 200 for an invalid document or invalid variables (GraphQL over HTTP
   * section 6.4.1).
   */
  readonly named: boolean;
};
