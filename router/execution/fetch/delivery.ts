import type { FetchShape } from './fetch-shape.ts';

/** A fetch of the plan, as error causes refer to it. */
export type FetchReference = { readonly index: number; readonly service: string };

/**
 * Returns the fetches that deliver a field. The path of the field consists of keys of the plan, joined with
 * dots.
 */
export type Deliveries = (path: string) => readonly FetchReference[];

/** A fetch with the path of its objects and the keys that it delivers to them. */
export type DeliveringFetch = FetchReference & {
  readonly path: readonly string[];
  readonly shape: FetchShape;
};

/** Indexes all fields of a plan by the fetches that deliver them. */
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

/** Adds a key to a path of keys that are joined with dots. */
export function joinPath(prefix: string, key: string): string {
  return prefix === '' ? key : `${prefix}.${key}`;
}

/**
 * Finds the fetch whose own data contains all objects at a path, and the rest of the path within that data.
 * Collecting objects from there visits each object once. The merged data may contain one object in many
 * places, and would lead to it many times.
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
 * Returns the paths of fields whose values are shared: an entity fetch merges one value into all objects with
 * equal representations.
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
 * Returns the paths at which one object replaces all equal objects, so that it occurs in several places of
 * the data.
 */
export function deduplicatedPaths(
  fetches: readonly (DeliveringFetch & { readonly isDeduplicated: boolean })[],
): ReadonlySet<string> {
  return new Set(fetches.filter(({ isDeduplicated }) => isDeduplicated).map(({ path }) => pathKey(path)));
}
