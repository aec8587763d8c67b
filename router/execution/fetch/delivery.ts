import type { FetchShape } from './fetch-shape.ts';

/**
 * Index of a fetch in its plan, and the name of its subgraph. They identify the fetch in errors about missing
 * data.
 */
export type FetchReference = { readonly index: number; readonly service: string };

/**
 * Returns the fetches that deliver a field. The field is named by its path in the plan: response keys joined
 * with dots, such as `products.price`.
 */
export type Deliveries = (path: string) => readonly FetchReference[];

/**
 * A fetch, the path of the objects that it fetches fields for, and the response keys that it delivers to
 * them.
 */
export type DeliveringFetch = FetchReference & {
  readonly path: readonly string[];
  readonly shape: FetchShape;
};

/** Creates the lookup of the fetches that deliver a field. */
export function indexDeliveries(fetches: readonly DeliveringFetch[]): Deliveries {
  const index = new Map<string, FetchReference[]>();
  const add = (shape: FetchShape, prefix: string, fetch: FetchReference): void => {
    for (const [key, nested] of shape) {
      const path = joinPath(prefix, key);
      const known = index.get(path);
      if (known === undefined) index.set(path, [fetch]);
      else known.push(fetch);
      if (nested) add(nested, path, fetch);
    }
  };
  for (const fetch of fetches) add(fetch.shape, pathKey(fetch.path), fetch);
  return (path) => index.get(path) ?? [];
}

/** Returns a path of the plan without list items and type conditions, joined with dots. */
export function pathKey(path: readonly string[]): string {
  const names = path.map((element) => element.split('|')[0]).filter((name) => name !== '@' && name !== '');
  return names.join('.');
}

/** Appends a key to a path: `products` and `price` give `products.price`. */
export function joinPath(prefix: string, key: string): string {
  return prefix === '' ? key : `${prefix}.${key}`;
}

/**
 * Finds a fetch whose own response contains all objects at a path. Returns it with the part of the path that
 * lies within this response. Searching the response is cheaper than searching the merged data, where one
 * object may be in many places and would be visited in each of them.
 */
export function baseOf(
  path: readonly string[],
  fetches: readonly DeliveringFetch[],
  deliveries: Deliveries,
): { readonly fetch: DeliveringFetch; readonly path: readonly string[] } | undefined {
  const candidates = fetches
    .filter(
      (fetch) => fetch.path.length < path.length && fetch.path.every((element, at) => element === path[at]),
    )
    .toSorted((a, b) => b.path.length - a.path.length);
  const base = candidates.find((fetch) => deliversAlone(fetch, path, deliveries));
  return base && { fetch: base, path: path.slice(base.path.length) };
}

function deliversAlone(fetch: DeliveringFetch, path: readonly string[], deliveries: Deliveries): boolean {
  return path.slice(fetch.path.length).every((_, at) => {
    const delivering = deliveries(pathKey(path.slice(0, fetch.path.length + at + 1)));
    return delivering.length === 1 && delivering[0]?.index === fetch.index;
  });
}

/**
 * Returns the paths of all fields that entity fetches deliver. One value of such a field can be in several
 * places of the merged data, because an entity is merged into every object with the same representation.
 */
export function shareablePaths(
  fetches: readonly (DeliveringFetch & { readonly represent: unknown })[],
): ReadonlySet<string> {
  const entityFetches = fetches.filter(({ represent }) => represent !== undefined);
  return new Set(
    entityFetches.flatMap(({ path, shape }) => [...shape.keys()].map((key) => joinPath(pathKey(path), key))),
  );
}

/**
 * Returns the paths of the fetches at which entities are deduplicated: one object replaces all entities with
 * equal key fields, and then occurs in several places of the merged data.
 */
export function deduplicatedPaths(
  fetches: readonly (DeliveringFetch & { readonly isDeduplicated: boolean })[],
): ReadonlySet<string> {
  return new Set(fetches.filter(({ isDeduplicated }) => isDeduplicated).map(({ path }) => pathKey(path)));
}
