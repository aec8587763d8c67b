import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from '@opentelemetry/api';

/** A GraphQL request as HTTP brought it: size, media type and origin are checked, its meaning is not. */
export type ClientRequest = {
  readonly id: string;
  readonly correlationId: string | undefined;
  readonly method: 'GET' | 'POST';
  /** The query string, `?` included, or empty. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  /** Each Authorization header on its own, so that a second one can be refused. */
  readonly authorization: readonly string[];
  /** The parsed JSON of a POST; undefined for a GET. */
  readonly body: unknown;
  /** Address of the other end of the connection, as the socket reports it. */
  readonly peer: string | undefined;
  /** The client's address, proxies resolved. */
  readonly address: string;
  readonly mediaType: MediaType;
  readonly trace: Context;
  /** Aborted when the client has gone away. */
  readonly signal: AbortSignal;
};

/** A body that is shorter, in ASCII and a string goes out in one piece with its head; to send two costs more. */
export const ONE_PIECE_BYTES = 8_192;

export type ClientResponse = {
  readonly status: number;
  /** Each value of a list is a line of its own. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | Buffer;
  /** What the log says of the request beside HTTP. */
  readonly summary?: RequestSummary;
};

export type RequestSummary = {
  readonly operationType?: string;
  readonly operationName?: string;
  readonly userId?: string;
  readonly cost?: number;
  readonly codes?: readonly string[];
  readonly degraded?: readonly string[];
  /** The request that executed the operation for this one as well. */
  readonly deduplicatedBy?: string;
  /** By subgraph, the request that made a call for this one as well. */
  readonly deduplicatedCalls?: Readonly<Record<string, string>>;
  readonly traceId?: string;
  readonly generation?: string;
};

export type MediaType = {
  readonly name: 'application/json' | 'application/graphql-response+json';
  /** Whether the client has named it, and no multipart type: then request errors keep the status of its section of the specification. */
  readonly named: boolean;
};
