import type { IncomingHttpHeaders } from 'node:http';
import type { ErrorCode } from '../shared/errors.ts';
import type { CancelSignal } from './cancel-signal.ts';
import type { FetchRecord } from './fetch-record.ts';

/** One GraphQL request to one subgraph. */
export type SubgraphRequest = {
  readonly subgraph: string;
  readonly operation: 'query' | 'mutation';
  /**
   * JSON request body: `{"query":…,"variables":…}`. Equal requests must have identical texts, because
   * deduplication compares the texts.
   */
  readonly body: string;
  /** Fields that the request selects, which may have circuit breakers of their own; undefined if unknown. */
  readonly fields?: FetchFields;
  /**
   * Finds the numbers in the response that must not be rounded to doubles; undefined if the types of the
   * response are unknown.
   */
  readonly exact?: ExactPositions;
  /** Receives the times and counts of the call; undefined if nothing is recorded. */
  readonly record?: FetchRecord | undefined;
};

/**
 * Finds the numbers of a response that must not be rounded to doubles: those in custom scalars and IDs. It
 * knows the types of all fields that the request selects.
 */
export type ExactPositions = {
  /**
   * Returns whether response data, parsed with all numbers as doubles, has a number in a custom scalar or an
   * ID. If so, the response text is parsed again without rounding.
   */
  readonly hasNumbers: (data: unknown) => boolean;
  /**
   * Converts the numbers outside of custom scalars and IDs to doubles. Modifies and returns the data, which
   * was parsed without rounding.
   */
  readonly roundOthers: (data: unknown) => unknown;
};

/** The root fields that a subgraph call selects or, if it selects entities, the fields of the entities. */
export type FetchFields = {
  /** Schema coordinates (`Type.field`) of the selected root or entity fields, without duplicates. */
  readonly coordinates: readonly string[];
  /**
   * Coordinates of the fields by their key in the response: `books` for a root field, `_entities.stock` for a
   * field of the entities.
   */
  readonly byKey: ReadonlyMap<string, ReadonlySet<string>>;
};

/**
 * Reason why a subgraph call has no usable response. Clients may receive `message`, so it contains no URL,
 * body or stack trace.
 */
export type SubgraphFailure = {
  readonly code: ErrorCode;
  readonly service: string;
  readonly message: string;
  /** Milliseconds after which a retry may succeed; undefined if unknown. */
  readonly retryAfterMs?: number;
  readonly breaker?: 'closed' | 'open' | 'half-open';
  /** True if the subgraph is healthy but has rejected this call, for example with status 403. */
  readonly isRejection?: true;
  /** True if the router did not send the call, for example because a circuit breaker is open. */
  readonly isUnsent?: true;
  /** Errors in the response of the subgraph. Clients receive them instead of `message`. */
  readonly errors?: readonly SubgraphError[];
  /**
   * Coordinates of fields whose open circuit breakers block the call. The call can be sent again without
   * these fields.
   */
  readonly blockedFields?: readonly string[];
};

/** An error from a subgraph response. Its extensions still contain members that clients may not see. */
export type SubgraphError = {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
};

/** Response of a subgraph to one call: a usable GraphQL response, or the reason why there is none. */
export type SubgraphResponse =
  | {
      readonly kind: 'received';
      readonly data: Readonly<Record<string, unknown>> | null;
      readonly errors: readonly SubgraphError[];
      /** True if other requests use the same `data`, which must then not be modified. */
      readonly isShared?: boolean;
      /** Response headers; undefined unless header rules use them. */
      readonly headers?: IncomingHttpHeaders;
    }
  | { readonly kind: 'failed'; readonly failure: SubgraphFailure };

/**
 * Sends a subgraph call with the identity and deadline of one client request. The promise never rejects: a
 * failed call is a response of the kind `failed`.
 */
export type Send = (request: SubgraphRequest, signal: CancelSignal) => Promise<SubgraphResponse>;
