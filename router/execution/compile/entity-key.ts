import type { QueryPlanSelectionNode } from '@apollo/query-planner';
import { pathKey } from '../fetch/delivery.ts';
import type { DeliveringFetch } from '../fetch/delivery.ts';
import type { FetchShape } from '../fetch/fetch-shape.ts';

type RequiringFetch = DeliveringFetch & { readonly requires: readonly QueryPlanSelectionNode[] | undefined };

/**
 * Maximum number of fields of an object that can be deduplicated. An object with more fields usually has data
 * of its own, and is not a mere reference to an entity.
 */
const MAX_KEYS = 4;

/**
 * Returns the keys by which objects at a path can be deduplicated; undefined if they cannot. Equal objects
 * are then requested, merged and completed once. An example is the product of `{ orders { product { id name }
 * } }` if the first fetch delivers only `id`. This requires:
 * - The base fetch, which delivers the objects, selects nothing but leaf fields on them, and representations
 *   contain all of these fields. Objects with equal keys are then equal in every respect.
 * - All other fields come from entity fetches for exactly this path.
 */
export function entityKeys(
  path: readonly string[],
  base: DeliveringFetch,
  fetches: readonly RequiringFetch[],
): readonly string[] | undefined {
  // A type condition in the path (`@|[Book]`) excludes objects of other types from the collection, although
  // they may equal a collected one. Deduplicating only some of the equal objects would be wrong.
  if (path.some((element) => element.includes('|'))) return undefined;
  // The merged data has its own references to the objects directly below those that the base fetch returned.
  // Replacing such an object by an equal one would change only the data of the base fetch, and the response
  // would lack the fields that later fetches add.
  if (path.length === base.path.length + 1) return undefined;
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
