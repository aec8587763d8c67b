import { getNullableType, isEnumType, isNamedType, isSpecifiedScalarType } from 'graphql';
import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import { pathKey } from '../fetch/delivery.ts';
import type { DeliveringFetch } from '../fetch/delivery.ts';
import type { FetchShape } from '../fetch/fetch-shape.ts';
import type { SupergraphTypes } from '../codegen/supergraph-types.ts';

type RequiringFetch = DeliveringFetch & { readonly requires: readonly QueryPlanSelectionNode[] | undefined };

/**
 * An object with more fields than this is not deduplicated, because it usually has data of its own and is not
 * a mere reference to an entity.
 */
const MAX_KEYS = 4;

/**
 * Returns the response keys whose values identify equal objects at a path, of which only the first is kept.
 * Returns undefined if objects with the same values could differ in other fields. They cannot differ if:
 * - the fetch that delivers the objects (`base`) selects only leaf fields on them, and representations
 *   contain all of these fields
 * - all other fields come from entity fetches for exactly this path
 */
export function entityKeys(
  path: readonly string[],
  base: DeliveringFetch,
  fetches: readonly RequiringFetch[],
): readonly string[] | undefined {
  // A path with a type condition (`@|[Book]`) skips some objects. Its objects are not deduplicated, because
  // one object may replace equal ones only if it replaces all of them.
  if (path.some((element) => element.includes('|'))) return undefined;
  // Objects directly below what `base` returned are also referenced by the merged data, where they would not
  // be replaced. Fields that are later added to the replacing object would be missing there.
  if (path.length === base.path.length + 1) return undefined;
  // An object under the key `__proto__` is not replaced by an equal one, because an assignment to this key
  // would change the prototype.
  if (path.at(-1) === '__proto__') return undefined;
  const shape = shapeAt(base, path);
  if (shape === undefined || shape.size > MAX_KEYS || [...shape.values()].some((nested) => nested))
    return undefined;
  const others = fetches.filter((fetch) => fetch.index !== base.index && shapeAt(fetch, path) !== undefined);
  if (others.some((fetch) => fetch.requires === undefined || fetch.path.join() !== path.join()))
    return undefined;
  const required = new Set(others.flatMap(({ requires }) => leafNames(requires ?? [])));
  return [...shape.keys()].every((key) => required.has(key)) ? [...shape.keys()] : undefined;
}

/**
 * Returns whether objects that are deduplicated by the given keys have different representations in a fetch.
 * This requires:
 * - Each representation contains all of the keys, unchanged by rewrites of the plan.
 * - The values of the keys are scalars. Objects whose key is a list or an object are not deduplicated.
 */
export function haveDistinctRepresentations(
  keys: readonly string[],
  { requires = [], inputRewrites = [] }: Pick<FetchNode, 'requires' | 'inputRewrites'>,
  types: SupergraphTypes,
): boolean {
  return (
    inputRewrites.length === 0 &&
    requires.every(
      (selection) =>
        selection.kind === 'InlineFragment' &&
        keys.every((key) => isScalarField(selection.selections, key, selection.typeCondition ?? '', types)),
    )
  );
}

/** Returns whether the selections contain a field with this response key whose value is a scalar. */
function isScalarField(
  selections: readonly QueryPlanSelectionNode[],
  key: string,
  typeName: string,
  types: SupergraphTypes,
): boolean {
  const field = selections.find((one) => one.kind === 'Field' && (one.alias ?? one.name) === key);
  if (field?.kind !== 'Field') return false;
  if (field.name === '__typename') return true;
  const type = types.typeOf(typeName, field.name);
  const nullable = type && getNullableType(type);
  return isEnumType(nullable) || (isNamedType(nullable) && isSpecifiedScalarType(nullable));
}

/**
 * Returns the response keys that a fetch delivers to the objects at a path; undefined if it delivers none.
 */
function shapeAt(fetch: DeliveringFetch, path: readonly string[]): FetchShape | undefined {
  const from = pathKey(fetch.path);
  const to = pathKey(path);
  if (from === to) return fetch.shape;
  if (from !== '' && !to.startsWith(`${from}.`)) return undefined;
  const names = to.slice(from === '' ? 0 : from.length + 1).split('.');
  return names.reduce<FetchShape | undefined>((shape, name) => shape?.get(name), fetch.shape);
}

function leafNames(selections: readonly QueryPlanSelectionNode[]): readonly string[] {
  return selections.flatMap((selection) => {
    if (selection.kind === 'InlineFragment') return leafNames(selection.selections);
    return selection.selections === undefined ? [selection.alias ?? selection.name] : [];
  });
}
