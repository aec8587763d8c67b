import type { Scope } from '../../request/deduplication-scope.ts';

/** How long a value may stand in for what its service does not deliver, and for whom. */
export type StalePolicy = {
  readonly maxAgeMs: number;
  /** Only for those with the same identity. */
  readonly isPrivate: boolean;
};

/** Undefined for a field whose values are not kept. */
export type StalePolicyOf = (typeName: string, fieldName: string) => StalePolicy | undefined;

/** Identifies a stale value of any entity: everything that the value depends on, apart from the entity. */
export type StaleKey = { readonly id: string; readonly maxAgeMs: number };

export type StaleValue = { readonly value: unknown; readonly ageMs: number };

/** Values that services have delivered, by stale key and entity. */
export type StaleValues = {
  /** Whether an error of the service with this code says only that it cannot answer now. */
  readonly isOutage: (service: string, code: unknown) => boolean;
  /** Undefined forgets: the service no longer says anything. */
  readonly set: (staleKey: StaleKey, representation: string, value: unknown) => void;
  /** By stale key and representation, in the order of the keys. Never rejects. */
  readonly get: (
    staleKeys: readonly StaleKey[],
    representations: readonly string[],
  ) => Promise<readonly (StaleValue | undefined)[]>;
};

/** The same for one caller. */
export type OwnStaleValues = { readonly values: StaleValues; readonly scope: Scope };
