import type { GraphQLInterfaceType, GraphQLObjectType } from 'graphql';
import type { Deliveries } from '../fetch/delivery.ts';
import type { PlannedNames } from '../fetch/planned-names.ts';
import type { CompletedField } from './completion-run.ts';
import type { Denials } from './denials.ts';
import type { FallbackOf } from './fallback.ts';
import type { SelectionContext } from './selected-fields.ts';

/**
 * Everything that the code for writing the response data is compiled from, besides the types and the
 * selection sets.
 */
export type CompletionInput = SelectionContext & {
  readonly names: PlannedNames;
  readonly deliveries: Deliveries;
  /**
   * Paths of fields whose value may be one object that occurs in several places of the merged data. The JSON
   * text of this object is then written once and reused.
   */
  readonly shareable: ReadonlySet<string>;
  /**
   * Paths of objects that were deduplicated: one object may be in several places of the merged data. Its JSON
   * text is then written once and reused.
   */
  readonly deduplicated: ReadonlySet<string>;
  readonly denials: Denials | undefined;
  readonly fallbackOf: FallbackOf | undefined;
  /**
   * True if a null in a non-null position makes its parent null; otherwise the null stays in its position.
   */
  readonly propagates: boolean;
};

/**
 * Position of a value in the response. `path` has the response keys that lead to the value, without list
 * indices. `depth` is the index of the value's own key or list index in the full path with list indices.
 */
export type Place = {
  readonly depth: number;
  readonly path: string;
  readonly field: CompletedField;
  readonly isItem?: boolean;
  /**
   * True if no list contains the position, so that the response has it only once. The JSON text of its value
   * is then not kept for reuse.
   */
  readonly isWrittenOnce: boolean;
};

/** The type of an object as far as the router knows it: an interface if no fetch delivers the object type. */
export type RuntimeType = GraphQLObjectType | GraphQLInterfaceType;
