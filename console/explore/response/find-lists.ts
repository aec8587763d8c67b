/** A list of objects in a response, as rows of scalars. */
export type ListTable = {
  readonly path: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
};

const MAX_DEPTH = 4;

/** Returns all lists of objects in the data, the longest one first. Lists at the same path are joined. */
export function findLists(data: unknown): readonly ListTable[] {
  const found = new Map<string, unknown[]>();
  walk(data, [], found);
  return [...found]
    .map(([path, items]) => tableOf(path === '' ? [] : path.split('.'), items))
    .filter(({ columns }) => columns.length > 0)
    .sort((a, b) => b.rows.length - a.rows.length);
}

function walk(value: unknown, path: readonly string[], found: Map<string, unknown[]>): void {
  if (Array.isArray(value)) {
    const objects = value.filter(isObject);
    if (objects.length > 0) {
      const key = path.join('.');
      found.set(key, [...(found.get(key) ?? []), ...objects]);
    }
    for (const item of value) walk(item, path, found);
  } else if (isObject(value)) {
    for (const [name, inner] of Object.entries(value)) walk(inner, [...path, name], found);
  }
}

function tableOf(path: readonly string[], items: readonly unknown[]): ListTable {
  const rows = items.map((item) => Object.fromEntries(cells(item, [], 0)));
  return { path, rows, columns: [...new Set(rows.flatMap((row) => Object.keys(row)))] };
}

/** Members of nested objects become columns of their own. */
function cells(value: unknown, path: readonly string[], depth: number): readonly [string, unknown][] {
  if (!isObject(value) || depth > MAX_DEPTH) return [[path.join('.'), value]];
  return Object.entries(value).flatMap(([name, inner]) => cells(inner, [...path, name], depth + 1));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
