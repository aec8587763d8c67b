import { Kind } from 'graphql';
import type { SelectionSetNode } from 'graphql';
import type { ResponsePath } from '../errors/execution-error.ts';
import { responseName } from '../../shared/graphql/response-name.ts';
import type { PlannedNames } from '../fetch/planned-names.ts';
import { isIncluded } from './selected-fields.ts';
import type { SelectionContext } from './selected-fields.ts';

/** The response names of an operation, given its conditions, over all types, by the key under which the plan delivers each. */
export type ResponseShape = ReadonlyMap<string, ResponseField>;

export type ResponseField = { readonly name: string; readonly nested: ResponseShape };

type MutableShape = Map<string, { name: string; nested: MutableShape }>;

export type ShapingContext = Pick<SelectionContext, 'fragments' | 'conditions'> & {
  readonly names: PlannedNames;
};

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

/** The fields of the objects at a path in the merged tree; undefined where the operation selects no object. */
export function fieldsAt(path: ResponsePath, shape: ResponseShape): ResponseShape | undefined {
  let current: ResponseShape | undefined = shape;
  for (const element of path) if (typeof element === 'string') current = current?.get(element)?.nested;
  return current;
}

/** Longer than any path of an operation that is admitted. */
const MAX_PATH = 100;

/**
 * The client's path of a path in the merged tree. It ends where the operation ends: what was fetched only for another fetch
 * has no place in the answer, and a subgraph may put anything into the path of an error.
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
