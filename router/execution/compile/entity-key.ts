import type { QueryPlanSelectionNode } from '@apollo/query-planner';
import { pathKey } from '../fetch/delivery.ts';
import type { DeliveringFetch } from '../fetch/delivery.ts';
import type { FetchShape } from '../fetch/fetch-shape.ts';

type RequiringFetch = DeliveringFetch & { readonly requires: readonly QueryPlanSelectionNode[] | undefined };

/** More keys than this are seldom a mere reference to an entity. */
const MAX_KEYS = 4;

/**
 * The keys by which two objects at a path are known to be the same, if there are such: all that the base delivers there is
 * leaves that representations read, and whatever else comes is fetched by those. Then one object can stand for both, is asked
 * about once, merged into once and completed once.
 */
export function entityKeys(
  path: readonly string[],
  base: DeliveringFetch,
  fetches: readonly RequiringFetch[],
): readonly string[] | undefined {
  // A condition on types above would treat equal objects differently.
  if (path.some((element) => element.includes('|'))) return undefined;
  // What the base delivers directly has been copied into the tree by key: an object put in its place would not stand there.
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

/** What a fetch delivers to the objects at a path. */
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
