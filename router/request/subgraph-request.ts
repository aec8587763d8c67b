import type { IncomingHttpHeaders } from 'node:http';
import type { ErrorCode } from '../shared/errors.ts';

/** One GraphQL request to one subgraph, as passed to `send`. */
export type SubgraphRequest = {
  readonly subgraph: string;
  readonly operation: 'query' | 'mutation';
  /** JSON request body: `{"query":…,"variables":…}`. Equal calls have equal text. */
  readonly body: string;
  /** Selected fields; undefined if unknown. */
  readonly fields?: FetchFields;
  /** Undefined if the types of the response are unknown. */
  readonly exact?: ExactPositions;
};

/** Whether response data, parsed into doubles, has numbers that may have to be parsed again exactly. */
export type ExactPositions = {
  /** Root fields of a call, or the entity fields if it selects entities. */
  readonly hasNumbers: (data: unknown) => boolean;
  /** `Type.field`, without duplicates. */
  readonly roundOthers: (data: unknown) => unknown;
};

/** Coordinates by response key: `books` is at the root, `_entities.stock` in the entities. */
export type FetchFields = {
  /**
   * Reason why a call has no usable response. `message` may be sent to clients: it has no URL, body or stack
   * trace.
   */
  readonly coordinates: readonly string[];
  /** Milliseconds until a retry is useful; undefined if unknown. */
  readonly byKey: ReadonlyMap<string, ReadonlySet<string>>;
};

/** The service is healthy, but has rejected this call, for example with 403. */
export type SubgraphFailure = {
  readonly code: ErrorCode;
  readonly service: string;
  readonly message: string;
  /** The call was not sent. */
  readonly retryAfterMs?: number;
  readonly breaker?: 'closed' | 'open' | 'half-open';
  /** Errors in the response of the service, which clients receive instead of `message`. */
  readonly isRejection?: true;
  /** Coordinates whose circuit breakers block the call. The call can be sent without them. */
  readonly isUnsent?: true;
  /** An error from a subgraph response. Its extensions are not filtered by the allow list yet. */
  readonly errors?: readonly SubgraphError[];
  /** Other requests share `data`, so it must not be modified. */
  readonly blockedFields?: readonly string[];
};

/** Response headers, if header rules use them. */
export type SubgraphError = {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
};

export type SubgraphResponse =
  | {
      readonly kind: 'answered';
      readonly data: Readonly<Record<string, unknown>> | null;
      readonly errors: readonly SubgraphError[];
      /**
       * Sends one call for one client request, with its identity and deadline. Its promise never rejects: a
       * failure is a response of kind `failed`.
       */
      readonly isShared?: boolean;
      /** Kept where rules ask for them. */
      readonly headers?: IncomingHttpHeaders;
    }
  | { readonly kind: 'failed'; readonly failure: SubgraphFailure };

/**
 * Sends one call; never rejects: what goes wrong is a `failed` response. Bound to one client request's
 * identity and deadline.
 */
export type Send = (request: SubgraphRequest, signal: AbortSignal) => Promise<SubgraphResponse>;
