import type { Scope } from '../../request/deduplication-scope.ts';

/**
 * Maximum age of a stored value of a field, and the callers that may get it, while its service is failing.
 */
export type StalePolicy = {
  readonly maxAgeMs: number;
  /** True if the value is used only for callers with the same identity. */
  readonly isPrivate: boolean;
};

/** Returns the policy of a field; undefined if its values are not stored. */
export type StalePolicyOf = (typeName: string, fieldName: string) => StalePolicy | undefined;

/**
 * Identifies the stored values of a field, apart from the entity: a hash of the service, the selection with
 * its variables, and the scope of a private value.
 */
export type StaleKey = { readonly id: string; readonly maxAgeMs: number };

/** A stored value and its age in milliseconds. */
export type StaleValue = { readonly value: unknown; readonly ageMs: number };

/** Values that services returned for entities, by `StaleKey` and representation. */
export type StaleValues = {
  /** Returns whether the error code of a service means that the service is down. */
  readonly isOutage: (service: string, code: unknown) => boolean;
  /**
   * Stores a value of an entity. Undefined deletes the stored value, because the service no longer returns
   * one.
   */
  readonly set: (staleKey: StaleKey, representation: string, value: unknown) => void;
  /**
   * Returns the stored values for each combination of a `StaleKey` and a representation, in the order of the
   * keys. The promise never rejects.
   */
  readonly get: (
    staleKeys: readonly StaleKey[],
    representations: readonly string[],
  ) => Promise<readonly (StaleValue | undefined)[]>;
};

/** The stored values, and the caller's scope, under which private ones are stored. */
export type OwnStaleValues = { readonly values: StaleValues; readonly scope: Scope };
