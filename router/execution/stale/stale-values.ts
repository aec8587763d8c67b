import type { Scope } from '../../request/deduplication-scope.ts';

/** How long a stored value may replace one that its service fails to deliver, and for which callers. */
export type StalePolicy = {
  readonly maxAgeMs: number;
  /** True if the value is used only for callers with the same identity. */
  readonly isPrivate: boolean;
};

/** Returns the policy of a field; undefined if its values are not stored. */
export type StalePolicyOf = (typeName: string, fieldName: string) => StalePolicy | undefined;

/** Identifies stored values of a field on any entity by everything else that they depend on. */
export type StaleKey = { readonly id: string; readonly maxAgeMs: number };

export type StaleValue = { readonly value: unknown; readonly ageMs: number };

/** Values that services returned, by stale key and entity. */
export type StaleValues = {
  /** Returns whether the error code of a service means that the service is down. */
  readonly isOutage: (service: string, code: unknown) => boolean;
  /** Stores a value. Undefined deletes it, because the service no longer returns one. */
  readonly set: (staleKey: StaleKey, representation: string, value: unknown) => void;
  /** Returns the values for each stale key and representation, in the order of the keys. Never rejects. */
  readonly get: (
    staleKeys: readonly StaleKey[],
    representations: readonly string[],
  ) => Promise<readonly (StaleValue | undefined)[]>;
};

/** Stored values with the scope of one caller. */
export type OwnStaleValues = { readonly values: StaleValues; readonly scope: Scope };
