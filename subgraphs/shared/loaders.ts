import DataLoader from 'dataloader';

/** Postgres takes at most 65,535 parameters; far smaller lists keep one query from starving the rest. */
const maxBatchSize = 500;

/** Loads the row of each key with one query a tick; a key without a row gives null. */
export function rowLoader<Row>(
  fetchRows: (keys: readonly string[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): DataLoader<string, Row | null> {
  return new DataLoader(
    async (keys) => {
      const rows = new Map((await fetchRows(keys)).map((row) => [keyOf(row), row]));
      return keys.map((key) => rows.get(key) ?? null);
    },
    { maxBatchSize },
  );
}

/** Loads all rows of each key with one query a tick, in the query's order; a key without rows gives []. */
export function groupLoader<Row>(
  fetchRows: (keys: readonly string[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): DataLoader<string, readonly Row[]> {
  return new DataLoader(
    async (keys) => {
      const groups = Map.groupBy(await fetchRows(keys), keyOf);
      return keys.map((key) => groups.get(key) ?? []);
    },
    { maxBatchSize },
  );
}
