import type { PlannedFetch } from '../run/result.ts';

export const NODE = { width: 208, height: 62, gapX: 64, gapY: 14 };

export type PlacedFetch = { readonly fetch: PlannedFetch; readonly x: number; readonly y: number };

export type Edge = {
  readonly from: PlacedFetch;
  readonly to: PlacedFetch;
  /** Names of the key fields that the later fetch sends. */
  readonly key: string;
  readonly entities: number;
};

export type PlanLayout = {
  readonly nodes: readonly PlacedFetch[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
};

/**
 * Places fetches from left to right: each in the first column after the fetches that it depends on, and near
 * the middle of their rows.
 */
export function layoutPlan(fetches: readonly PlannedFetch[]): PlanLayout {
  const columns = columnsOf(fetches);
  const placed = new Map<number, PlacedFetch>();
  const rows: number[] = [];
  for (let column = 0; column <= Math.max(0, ...columns.values()); column++) {
    const inside = fetches.filter(({ id }) => columns.get(id) === column);
    const wanted = (fetch: PlannedFetch) => meanRow(fetch, placed);
    for (const fetch of [...inside].sort((a, b) => wanted(a) - wanted(b) || a.id - b.id)) {
      const row = rows[column] ?? 0;
      rows[column] = row + 1;
      placed.set(fetch.id, {
        fetch,
        x: column * (NODE.width + NODE.gapX),
        y: row * (NODE.height + NODE.gapY),
      });
    }
  }
  return {
    nodes: fetches.flatMap(({ id }) => placed.get(id) ?? []),
    edges: edgesOf(fetches, placed),
    width: rows.length * (NODE.width + NODE.gapX) - NODE.gapX,
    height: Math.max(1, ...rows) * (NODE.height + NODE.gapY) - NODE.gapY,
  };
}

function columnsOf(fetches: readonly PlannedFetch[]): ReadonlyMap<number, number> {
  const byId = new Map(fetches.map((fetch) => [fetch.id, fetch]));
  const columns = new Map<number, number>();
  const columnOf = (id: number): number => {
    const known = columns.get(id);
    if (known !== undefined) return known;
    // Plans have no cycles. The value ends the recursion for an invalid plan.
    columns.set(id, 0);
    const before = byId.get(id)?.dependsOn.filter((other) => byId.has(other)) ?? [];
    const column = before.length === 0 ? 0 : Math.max(...before.map(columnOf)) + 1;
    columns.set(id, column);
    return column;
  };
  for (const { id } of fetches) columnOf(id);
  return columns;
}

function meanRow({ dependsOn }: PlannedFetch, placed: ReadonlyMap<number, PlacedFetch>): number {
  const rows = dependsOn.map((id) => placed.get(id)?.y ?? 0);
  return rows.length === 0 ? 0 : rows.reduce((sum, y) => sum + y, 0) / rows.length;
}

/** Dependencies that follow from others are left out. */
function edgesOf(
  fetches: readonly PlannedFetch[],
  placed: ReadonlyMap<number, PlacedFetch>,
): readonly Edge[] {
  const ancestors = new Map<number, ReadonlySet<number>>();
  const ancestorsOf = (id: number): ReadonlySet<number> => {
    const known = ancestors.get(id);
    if (known !== undefined) return known;
    ancestors.set(id, new Set());
    const direct = fetches.find((fetch) => fetch.id === id)?.dependsOn ?? [];
    const all = new Set(direct.flatMap((other) => [other, ...ancestorsOf(other)]));
    ancestors.set(id, all);
    return all;
  };
  return fetches.flatMap((fetch) => {
    const direct = fetch.dependsOn.filter(
      (id) => !fetch.dependsOn.some((other) => other !== id && ancestorsOf(other).has(id)),
    );
    const to = placed.get(fetch.id);
    return direct.flatMap((id) => {
      const from = placed.get(id);
      if (from === undefined || to === undefined) return [];
      return [{ from, to, key: keyOf(fetch.requires), entities: fetch.entities ?? 0 }];
    });
  });
}

/** `{ ... on Product { __typename id } }` becomes `id`. */
export function keyOf(requires: string | null | undefined): string {
  if (!requires) return '';
  const names = requires
    .replaceAll(/\.\.\.\s*on\s+\w+/g, '')
    .match(/\w+/g)
    ?.filter((name) => name !== '__typename');
  return [...new Set(names)].join(' ');
}
