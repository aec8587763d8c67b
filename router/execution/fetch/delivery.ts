import type { FetchShape } from './fetch-shape.ts';

/** A fetch as errors know it. */
export type FetchReference = { readonly index: number; readonly service: string };

/** The fetches that deliver a field, by its path of planned keys joined with dots. */
export type Deliveries = (path: string) => readonly FetchReference[];

export type DeliveringFetch = FetchReference & {
  readonly path: readonly string[];
  readonly shape: FetchShape;
};

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

/** A plan's path without list items and type conditions. */
export function pathKey(path: readonly string[]): string {
  const names = path.map((element) => element.split('|')[0]).filter((name) => name !== '@' && name !== '');
  return names.join('.');
}

export function joinPath(prefix: string, key: string): string {
  return prefix === '' ? key : `${prefix}.${key}`;
}

/**
 * The fetch below whose own data all objects of a path stand, and the rest of the path from there. From it, each object is met
 * once; from the root, as often as an answer that several objects share was merged into the tree.
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

/** Fields that a fetch of entities merges into all objects with equal representations. */
export function shareablePaths(
  fetches: readonly (DeliveringFetch & { readonly represent: unknown })[],
): ReadonlySet<string> {
  const entityFetches = fetches.filter(({ represent }) => represent !== undefined);
  return new Set(
    entityFetches.flatMap(({ path, shape }) => [...shape.keys()].map((key) => joinPath(pathKey(path), key))),
  );
}

/** Objects of which one can stand at many places of the tree. */
export function deduplicatedPaths(
  fetches: readonly (DeliveringFetch & { readonly isDeduplicated: boolean })[],
): ReadonlySet<string> {
  return new Set(fetches.filter(({ isDeduplicated }) => isDeduplicated).map(({ path }) => pathKey(path)));
}
