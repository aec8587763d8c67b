import { GraphQLError } from 'graphql';
import { sql, type Kysely, type RawBuilder, type SelectQueryBuilder } from 'kysely';

/** A Relay connection. */
export type Connection<Row> = {
  readonly edges: readonly { readonly node: Row; readonly cursor: string }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
};

export type PageArguments = { readonly first?: number | null; readonly after?: string | null };

/** A total order of rows: all columns sort in the same direction and the last one is unique. */
export type Ordering<Row> = {
  /** Part of every cursor, so that another ordering rejects it instead of returning a wrong page. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly direction: 'asc' | 'desc';
  readonly keysetOf: (row: Row) => readonly string[];
};

const maxPageSize = 100;
const defaultPageSize = 20;

/**
 * Fetches one page of `query` by keyset, so that concurrent inserts and deletions neither repeat nor skip
 * other rows. Fails with BAD_USER_INPUT if `first` is out of bounds or `after` belongs to another list.
 */
export async function fetchConnection<Tables, Table extends keyof Tables, Row>(
  query: SelectQueryBuilder<Tables, Table, Row>,
  ordering: Ordering<Row>,
  page: PageArguments,
): Promise<Connection<Row>> {
  const first = readFirst(page);
  // One additional row shows whether another page follows.
  let limited = startingAfter(query, ordering, page).limit(first + 1);
  for (const column of ordering.columns) limited = limited.orderBy(sql.ref(column), ordering.direction);
  return toConnection(await limited.execute(), ordering, page);
}

/** Fetches the same page of each parent's rows in one statement; `parent.column` is a column of `query`. */
export async function fetchConnectionOfEach<Tables, Table extends keyof Tables, Row>(
  db: Kysely<Tables>,
  query: SelectQueryBuilder<Tables, Table, Row>,
  parent: { readonly column: string; readonly keys: readonly string[] },
  ordering: Ordering<Row>,
  page: PageArguments,
): Promise<ReadonlyMap<string, Connection<Row>>> {
  const first = readFirst(page);
  const columns = ordering.columns.map((column) => sql`${sql.ref(column)} ${sql.raw(ordering.direction)}`);
  const ranked = startingAfter(query, ordering, page).select([
    sql<string>`${sql.ref(parent.column)}`.as('parent_key'),
    sql<number>`row_number() over (partition by ${sql.ref(parent.column)} order by ${sql.join(columns)})`.as(
      'parent_rank',
    ),
  ]);
  const { rows } = await sql<
    Row & { parent_key: string }
  >`select * from (${ranked}) as ranked where parent_rank <= ${first + 1} order by parent_rank`.execute(db);
  const groups = Map.groupBy(rows, (row) => row.parent_key);
  return new Map(parent.keys.map((key) => [key, toConnection(groups.get(key) ?? [], ordering, page)]));
}

function startingAfter<Tables, Table extends keyof Tables, Row>(
  query: SelectQueryBuilder<Tables, Table, Row>,
  ordering: Ordering<Row>,
  page: PageArguments,
): SelectQueryBuilder<Tables, Table, Row> {
  if (page.after == null) return query;
  return query.where(beyondKeyset(ordering, decodeCursor(page.after, ordering)));
}

function readFirst(page: PageArguments): number {
  const first = page.first ?? defaultPageSize;
  if (first >= 1 && first <= maxPageSize) return first;
  throw badInput(`"first" must be between 1 and ${maxPageSize}, not ${first}.`);
}

function toConnection<Row>(
  rows: readonly Row[],
  ordering: Ordering<Row>,
  page: PageArguments,
): Connection<Row> {
  const first = readFirst(page);
  const edges = rows.slice(0, first).map((node) => ({ node, cursor: encodeCursor(ordering, node) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > first,
      hasPreviousPage: page.after != null,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

function beyondKeyset<Row>(ordering: Ordering<Row>, after: readonly string[]): RawBuilder<boolean> {
  const columns = sql.join(ordering.columns.map((column) => sql.ref(column)));
  const operator = sql.raw(ordering.direction === 'asc' ? '>' : '<');
  return sql<boolean>`(${columns}) ${operator} (${sql.join(after)})`;
}

function encodeCursor<Row>(ordering: Ordering<Row>, row: Row): string {
  return Buffer.from(JSON.stringify([ordering.name, ...ordering.keysetOf(row)])).toString('base64url');
}

function decodeCursor<Row>(cursor: string, ordering: Ordering<Row>): readonly string[] {
  const [name, ...values] = parseCursor(cursor);
  if (name === ordering.name && values.length === ordering.columns.length) return values;
  throw badInput('"after" is not a cursor of this list in this order.');
}

function parseCursor(cursor: string): readonly string[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(values) && values.every((value) => typeof value === 'string') ? values : [];
  } catch {
    return [];
  }
}

function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}
