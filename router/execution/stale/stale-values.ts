import type { Scope } from '../../request/deduplication-scope.ts';

/**
 * Rules for the stored values of one field: the maximum age at which a value is used while the subgraph is
 * failing, and the callers that may get it.
 */
export type StalePolicy = {
  readonly maxAgeMs: number;
  /**
   * True if a value is used only for callers with the same identity as the caller for whom it was fetched.
   */
  readonly isPrivate: boolean;
};

/** Returns the policy of a field; undefined if its values are not stored. */
export type StalePolicyOf = (typeName: string, fieldName: string) => StalePolicy | undefined;

/**
 * Identifies a field in the cache of stored values, but not the entity to which the field belongs. `id` is a
 * hash of the subgraph, the field with its selection and variables, and the scope of the caller if the values
 * are private.
 */
export type StaleKey = { readonly id: string; readonly maxAgeMs: number };

/** A stored value and its age in milliseconds. */
export type StaleValue = { readonly value: unknown; readonly ageMs: number };

/**
 * Cache of field values that subgraphs returned for entities. A value is identified by a `StaleKey` and the
 * representation of the entity.
 */
export type StaleValues = {
  /** Returns whether an error code from a subgraph means that the subgraph is down. */
  readonly isOutage: (service: string, code: unknown) => boolean;
  /**
   * Stores the value of a field of an entity. If the value is undefined, because the subgraph has returned
   * null for the field, deletes the stored value.
   */
  readonly set: (staleKey: StaleKey, representation: string, value: unknown) => void;
  /**
   * Returns one item for each pair of a key and a representation: the stored value, or undefined if there is
   * none. All pairs of the first key come first. The promise never rejects.
   */
  readonly get: (
    staleKeys: readonly StaleKey[],
    representations: readonly string[],
  ) => Promise<readonly (StaleValue | undefined)[]>;
};

/** The stored values, and the scope of the caller whose private values may be used. */
export type OwnStaleValues = { readonly values: StaleValues; readonly scope: Scope };
