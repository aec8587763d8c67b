import type { Scope } from '../../request/deduplication-scope.ts';

/** How long a value may stand in for what its service does not deliver, and for whom. */
export type Keeping = {
  readonly maxAgeMs: number;
  /** Only for those with the same identity. */
  readonly isPrivate: boolean;
};

/** Undefined for a field whose values are not kept. */
export type KeepingOf = (typeName: string, fieldName: string) => Keeping | undefined;

/** What is asked of an entity: all that its answer depends on, apart from the entity. */
export type Question = { readonly id: string; readonly maxAgeMs: number };

export type StaleValue = { readonly value: unknown; readonly ageMs: number };

/** Values that services have delivered, by what was asked and of which entity. */
export type StaleValues = {
  /** Whether an error of the service with this code says only that it cannot answer now. */
  readonly isOutage: (service: string, code: unknown) => boolean;
  /** Undefined forgets: the service no longer says anything. */
  readonly keep: (question: Question, representation: string, value: unknown) => void;
  /** By question and representation, in their order, question by question. Never rejects. */
  readonly recall: (
    questions: readonly Question[],
    representations: readonly string[],
  ) => Promise<readonly (StaleValue | undefined)[]>;
};

/** The same for one caller. */
export type OwnStaleValues = { readonly values: StaleValues; readonly scope: Scope };
