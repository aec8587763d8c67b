import type { GraphQLInterfaceType, GraphQLObjectType } from 'graphql';
import type { Deliveries } from '../fetch/delivery.ts';
import type { PlannedNames } from '../fetch/planned-names.ts';
import type { CompletedField } from './completion-run.ts';
import type { Denials } from './denials.ts';
import type { FallbackOf } from './fallback.ts';
import type { SelectionContext } from './selected-fields.ts';

/** Everything that completion is compiled from, besides the types and the selection sets. */
export type CompletionInput = SelectionContext & {
  readonly names: PlannedNames;
  readonly deliveries: Deliveries;
  /** Paths of fields whose value may be shared by several objects of the merged data. */
  readonly shareable: ReadonlySet<string>;
  /** Paths at which one object may occur in several places of the merged data. */
  readonly deduplicated: ReadonlySet<string>;
  readonly denials: Denials | undefined;
  readonly fallbackOf: FallbackOf | undefined;
  /**
   * True if a null in a non-null position makes its parent null; otherwise the null stays in its position.
   */
  readonly propagates: boolean;
};

/**
 * Position of a value in the response. `path` has the keys of the plan; `depth` is the position of the
 * value's own name or list index in the response path, counted from 0.
 */
export type Place = {
  readonly depth: number;
  readonly path: string;
  readonly field: CompletedField;
  readonly isItem?: boolean;
};

/** Type by which an object is completed: an interface if no fetch delivers its object type. */
export type RuntimeType = GraphQLObjectType | GraphQLInterfaceType;
