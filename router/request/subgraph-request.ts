import type { IncomingHttpHeaders } from 'node:http';
import type { ErrorCode } from '../shared/errors.ts';

/** One GraphQL request to one subgraph, as the executor hands it to `send`. */
export type SubgraphRequest = {
  readonly subgraph: string;
  readonly operation: 'query' | 'mutation';
  /** The JSON request body: `{"query":…,"variables":…}`. Equal calls have equal text. */
  readonly body: string;
  /** What it asks for; absent where that is not known. */
  readonly fields?: FetchFields;
  /** Absent where the types of the response are not known. */
  readonly exact?: ExactPositions;
};

/** The positions in the data of a response whose numbers have to stay exact: those of custom scalars and IDs. */
export type ExactPositions = {
  /** Whether data that was parsed into doubles has a number there that a double may not keep. */
  readonly hasNumbers: (data: unknown) => boolean;
  /** Replaces exact numbers at all other positions by doubles, in place. The executor relies on it: it expects none there. */
  readonly roundOthers: (data: unknown) => unknown;
};

/** The root fields of a call, or the fields of entities if it asks for entities. */
export type FetchFields = {
  /** `Type.field`, each once. */
  readonly coordinates: readonly string[];
  /** By where the answer has them: `books` at its root, `_entities.stock` in its entities. */
  readonly byKey: ReadonlyMap<string, ReadonlySet<string>>;
};

/** Why a call brought no usable answer. `message` is safe to show to a client: no URL, no body, no stack. */
export type SubgraphFailure = {
  readonly code: ErrorCode;
  readonly service: string;
  readonly message: string;
  /** When another try makes sense, in milliseconds; absent where nothing is known. */
  readonly retryAfterMs?: number;
  readonly breaker?: 'closed' | 'open' | 'half-open';
  /** The service has rejected this one call, for example with 403, and is healthy. */
  readonly isRejection?: true;
  /** Nothing of the call has left the router. */
  readonly isUnsent?: true;
  /** The errors by which the service explains it: clients see these in place of `message`. */
  readonly errors?: readonly SubgraphError[];
  /** Coordinates whose breakers block the call; it can be sent without them. */
  readonly blockedFields?: readonly string[];
};

/** A subgraph's own error, as parsed from its answer: its extensions are not yet allow-listed. */
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
      /** Others have the same `data`: it must not be changed. */
      readonly isShared?: boolean;
      /** Kept where rules ask for them. */
      readonly headers?: IncomingHttpHeaders;
    }
  | { readonly kind: 'failed'; readonly failure: SubgraphFailure };

/** Sends one call; never rejects: what goes wrong is a `failed` response. Bound to one client request's identity and deadline. */
export type Send = (request: SubgraphRequest, signal: AbortSignal) => Promise<SubgraphResponse>;
