import { Kind, isAbstractType } from 'graphql';
import type { GraphQLSchema, SelectionSetNode } from 'graphql';
import type { RequiredArguments } from '../prepare/required-arguments.ts';

/**
 * One step of a path below an entity: the name of a field, and the object types of its parent for which the
 * field is selected. Undefined types mean all types.
 */
type Step = { readonly field: string; readonly types: ReadonlySet<string> | undefined };

/**
 * Path from an entity to a value that `@requires` reads. Its field names are those of the schema for the
 * planner, where `price(currency: "EUR")` has a name of its own, such as `price__required0`.
 */
export type Place = readonly Step[];

/** A value of another subgraph that a field needs because of its `@requires`. */
export type Requirement = {
  readonly place: Place;
  /** The path to the value in the representation that the requiring subgraph receives, such as `.price`. */
  readonly seen: string;
};

/**
 * Returns the values of other subgraphs that a field needs because of its `@requires`.
 * @param at text that identifies the requiring field, such as `billing Order.total`.
 */
export function requirementsOf(
  at: string,
  required: RequiredArguments,
  schema: GraphQLSchema,
): readonly Requirement[] {
  const found: Requirement[] = [];
  const walk = ({ selections }: SelectionSetNode, outer: Requirement, types: Step['types']) => {
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        walk(selection.selectionSet, outer, narrowed(types, selection.typeCondition?.name.value, schema));
        continue;
      }
      const field = selection.name.value;
      const own: Requirement = {
        place: [...outer.place, { field, types }],
        seen: `${outer.seen}.${required.fields.get(field)?.field ?? field}`,
      };
      found.push(own);
      if (selection.selectionSet) walk(selection.selectionSet, own, undefined);
    }
  };
  const requirement = required.requirements.get(at);
  if (requirement !== undefined) walk(requirement, { place: [], seen: '' }, undefined);
  return found;
}

/**
 * Returns those of the given object types that satisfy a type condition. If the types are undefined, it
 * returns all types that satisfy the condition.
 */
export function narrowed(
  types: Step['types'],
  condition: string | undefined,
  schema: GraphQLSchema,
): Step['types'] {
  if (condition === undefined) return types;
  const possible = possibleNames(condition, schema);
  return types === undefined ? possible : types.intersection(possible);
}

/** Returns the object types that satisfy a type condition. */
export function possibleNames(condition: string, schema: GraphQLSchema): ReadonlySet<string> {
  const type = schema.getType(condition);
  return new Set(isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [condition]);
}

/**
 * Returns the field names of a path as text, such as `.ref.code`, without the types. Field names are those of
 * the schema for the planner.
 */
export function pathTo(place: Place): string {
  return place.map(({ field }) => `.${field}`).join('');
}

/** Returns a text that is equal for equal paths: the field names with the object types of each step. */
export function placeText(place: Place): string {
  return place.map(({ field, types = [] }) => `.${[...types].join('|')}.${field}`).join('');
}

/**
 * Returns whether two paths can lead to the same value: they have the same fields, and at each step some
 * object type is possible in both.
 */
export function overlap(one: Place, other: Place): boolean {
  return (
    one.length === other.length &&
    one.every(({ field, types }, index) => {
      const step = other[index];
      if (step?.field !== field) return false;
      return types === undefined || step.types === undefined || !types.isDisjointFrom(step.types);
    })
  );
}
