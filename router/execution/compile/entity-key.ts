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
 * Returns the response keys by whose values the objects at a path are deduplicated: the first object with the
 * same values replaces the others. Returns undefined if objects with the same values could differ in fields
 * outside these keys. They cannot differ if both conditions hold:
 * - The fetch that delivers the objects (`base`) selects only leaf fields on them. These fields are the keys,
 *   and representations contain all of them.
 * - All other fields of the objects come from entity fetches for exactly this path.
 */
export function entityKeys(
  path: readonly string[],
  base: DeliveringFetch,
  fetches: readonly RequiringFetch[],
): readonly string[] | undefined {
  // Either all equal objects are replaced or none. A path with a type condition (`@|[Book]`) skips some
  // objects, which would not be replaced, so the objects at this path are not deduplicated.
  if (path.some((element) => element.includes('|'))) return undefined;
  // The merged data refers to the objects one level below the result of `base`. If such an object is replaced
  // in the result, the merged data keeps the replaced object, which lacks the fields that are added later.
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
 * Returns whether the objects that remain after deduplication by the given keys all have different
 * representations in a fetch. This requires:
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
