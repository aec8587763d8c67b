import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from '@opentelemetry/api';

/** A GraphQL request as received over HTTP. Size, media type and origin were checked, the content was not. */
export type ClientRequest = {
  readonly id: string;
  readonly correlationId: string | undefined;
  readonly method: 'GET' | 'POST';
  /** The query string including `?`, or an empty string. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  /** All Authorization headers, so that a request with several can be rejected. */
  readonly authorization: readonly string[];
  /** Parsed JSON body of a POST; undefined for a GET. */
  readonly body: unknown;
  /** Remote address of the socket. */
  readonly peer: string | undefined;
  /** Address of the client, behind trusted proxies. */
  readonly address: string;
  readonly mediaType: MediaType;
  readonly trace: Context;
  /** Aborted when the client closes the connection. */
  readonly signal: AbortSignal;
};

/**
 * Maximum length of an ASCII string body that is sent in one write with its headers. Two writes would cost
 * more.
 */
export const ONE_PIECE_BYTES = 8_192;

export type ClientResponse = {
  readonly status: number;
  /** Each item of a list is sent as a separate header line. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | Buffer;
  /** Properties of the request for the log, in addition to those of HTTP. */
  readonly summary?: RequestSummary;
};

export type RequestSummary = {
  readonly operationType?: string;
  readonly operationName?: string;
  readonly userId?: string;
  /** Issuer of the user's token; two issuers may give out equal ids. */
  readonly userIssuer?: string;
  readonly cost?: number;
  readonly codes?: readonly string[];
  readonly degraded?: readonly string[];
  /** Id of the request that executed the operation for this one as well. */
  readonly deduplicatedBy?: string;
  /** Subgraph name to the id of the request that made a call for this one as well. */
  readonly deduplicatedCalls?: Readonly<Record<string, string>>;
  readonly traceId?: string;
  readonly generation?: string;
};

export type MediaType = {
  readonly name: 'application/json' | 'application/graphql-response+json';
  /**
   * Whether the client named this media type, and no multipart type. Then request errors keep the status that
   * its section of the specification defines.
   */
  readonly named: boolean;
};
