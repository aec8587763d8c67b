import DataLoader from 'dataloader';

/** Postgres accepts 65,535 parameters; smaller lists keep one query from delaying the others. */
const maxBatchSize = 500;

/** Loads the row of each key with one query per tick; null for a key without a row. */
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

/**
 * Loads all rows of each key with one query per tick, in the order of the query; [] for a key without rows.
 */
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
