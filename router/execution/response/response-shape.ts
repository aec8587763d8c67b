import { Kind } from 'graphql';
import type { SelectionSetNode } from 'graphql';
import type { ResponsePath } from '../errors/execution-error.ts';
import { responseName } from '../../shared/graphql/response-name.ts';
import type { PlannedNames } from '../fetch/planned-names.ts';
import { isIncluded } from './selected-fields.ts';
import type { SelectionContext } from './selected-fields.ts';

/**
 * Tree that maps the response keys of the plan to the client's response names. A node has the fields of all
 * object types that an object there can have. Fields excluded by `@skip` or `@include` are left out.
 */
export type ResponseShape = ReadonlyMap<string, ResponseField>;

/** Response name of a field, and the fields selected in it. */
export type ResponseField = { readonly name: string; readonly nested: ResponseShape };

type MutableShape = Map<string, { name: string; nested: MutableShape }>;

export type ShapingContext = Pick<SelectionContext, 'fragments' | 'conditions'> & {
  readonly names: PlannedNames;
};

/** Returns the response names of a selection set under given values of `@skip` and `@include`. */
export function responseShape(selectionSet: SelectionSetNode, shaping: ShapingContext): ResponseShape {
  const shape: MutableShape = new Map();
  addSelections(selectionSet, shaping, shape);
  return shape;
}

function addSelections({ selections }: SelectionSetNode, context: ShapingContext, shape: MutableShape): void {
  for (const selection of selections) {
    if (!isIncluded(selection, context.conditions)) continue;
    if (selection.kind === Kind.FIELD) {
      const key = context.names.keyOf(selection);
      const field = shape.get(key) ?? {
        name: responseName(selection),
        nested: new Map(),
      };
      shape.set(key, field);
      if (selection.selectionSet) addSelections(selection.selectionSet, context, field.nested);
      continue;
    }
    const { selectionSet } =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection
        : (context.fragments.get(selection.name.value) ?? {});
    if (selectionSet) addSelections(selectionSet, context, shape);
  }
}

/**
 * Returns the fields of the objects at a path in the merged data; undefined if the operation selects no
 * object there.
 */
export function fieldsAt(path: ResponsePath, shape: ResponseShape): ResponseShape | undefined {
  let current: ResponseShape | undefined = shape;
  for (const element of path) if (typeof element === 'string') current = current?.get(element)?.nested;
  return current;
}

/**
 * Maximum number of elements of an error's path that are converted to the client's names. Subgraphs may
 * report longer paths, but no operation within the depth limit has one.
 */
const MAX_PATH = 100;

/**
 * Converts a path in the merged data to the client's response names. It is cut off at the first field that
 * the client did not select: the plan also fetches fields that only other fetches need, and a subgraph may
 * report any path in an error.
 */
export function clientPath(path: ResponsePath, shape: ResponseShape): ResponsePath {
  const result: (string | number)[] = [];
  let current = shape;
  for (const element of path.slice(0, MAX_PATH)) {
    if (typeof element === 'number') {
      result.push(element);
      continue;
    }
    const field = current.get(element);
    if (field === undefined) break;
    result.push(field.name);
    current = field.nested;
  }
  return result;
}
