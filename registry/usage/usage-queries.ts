import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { fetchConnection } from '../../database/connection.ts';
import type { Connection, PageArguments } from '../../database/connection.ts';
import type { RegistryDatabase } from '../store/tables.ts';
import { firstDay } from './recorded-operations.ts';
import type { UsagePeriod } from './recorded-operations.ts';
import { ALL } from './unlisted-usage.ts';

/** Use by one client. */
export type ClientUse = {
  readonly name: string;
  readonly version: string | null;
  readonly calls: number;
  readonly errors: number;
  readonly lastSeen: Date;
};

/** A recorded operation with its calls in a period. */
export type OperationUse = {
  readonly id: string;
  readonly name: string | null;
  readonly body: string;
  readonly calls: number;
  readonly lastSeen: Date;
  readonly clients: readonly ClientUse[];
};

export type OperationFilter = {
  readonly coordinate?: string | null | undefined;
  readonly client?: string | null | undefined;
};

type OperationRow = {
  readonly key: number;
  readonly id: string;
  readonly name: string | null;
  readonly body: string;
  readonly calls: number;
  readonly lastSeen: Date;
};

/** Reads a page of the recorded operations, most calls first. */
export async function fetchOperations(
  db: RegistryDatabase,
  variantId: number,
  {
    filter,
    page,
    ...period
  }: UsagePeriod & { readonly filter: OperationFilter; readonly page: PageArguments },
): Promise<Connection<OperationUse>> {
  const { coordinate, client } = filter;
  const summed = sql<OperationRow>`(
    select usage_operations.id as key, signature as id, usage_operations.name, body,
      sum(requests)::double precision as calls, max(last_seen) as "lastSeen"
    from usage_calls
    join usage_operations on usage_operations.id = operation_id
    join usage_clients on usage_clients.id = client_id
    where usage_operations.variant_id = ${variantId} and day >= ${firstDay(period)}::date
      and ${client == null ? sql`true` : sql`usage_clients.name = ${client}`}
      and ${coordinate == null ? sql`true` : usesCoordinate(variantId, coordinate)}
    group by usage_operations.id)`;
  const connection = await fetchConnection(
    db.selectFrom(summed.as('operations')).selectAll(),
    {
      name: 'operations',
      columns: ['calls', 'key'],
      direction: 'desc',
      keysetOf: ({ calls, key }) => [String(calls), String(key)],
    },
    page,
  );
  const clients = await clientsOf(
    db,
    connection.edges.map(({ node }) => node.key),
    period,
  );
  return {
    ...connection,
    edges: connection.edges.map(({ node: { key, ...node }, cursor }) => ({
      node: { ...node, clients: clients.get(key) ?? [] },
      cursor,
    })),
  };
}

/** Matches the operations that use a coordinate, or any field of a type: `Product` or `Product.name`. */
function usesCoordinate(variantId: number, coordinate: string): RawBuilder<boolean> {
  return sql<boolean>`operation_id in (
    select operation_id from usage_coordinates
    where variant_id = ${variantId} and ${matchesCoordinate(coordinate)})`;
}

function matchesCoordinate(coordinate: string): RawBuilder<boolean> {
  if (coordinate.includes('.')) return sql<boolean>`coordinate = ${coordinate}`;
  // The elements of a type, as a range of the index: `/` is the character after `.`.
  return sql<boolean>`(coordinate > ${`${coordinate}.`} and coordinate < ${`${coordinate}/`})`;
}

async function clientsOf(
  db: RegistryDatabase,
  operations: readonly number[],
  period: UsagePeriod,
): Promise<ReadonlyMap<number, readonly ClientUse[]>> {
  if (operations.length === 0) return new Map();
  const { rows } = await sql<ClientUse & { readonly operation: number }>`
    select operation_id as operation, ${CLIENT_SUMS}
    from usage_calls join usage_clients on usage_clients.id = client_id
    where operation_id in (${sql.join(operations)}) and day >= ${firstDay(period)}::date
    group by operation_id, usage_clients.id
    order by calls desc, name, version`.execute(db);
  return Map.groupBy(rows, ({ operation }) => operation);
}

const CLIENT_SUMS = sql`
  usage_clients.name, nullif(usage_clients.version, '') as version,
  sum(requests)::double precision as calls, sum(errors)::double precision as errors,
  max(last_seen) as "lastSeen"`;

/** Recorded use of a schema coordinate. */
export type FieldUse = {
  readonly coordinate: string;
  readonly calls: number;
  readonly operations: number;
  /** Calls of operations that are not recorded one by one, and are in no other number. */
  readonly unlistedCalls: number;
  readonly firstSeen: Date | null;
  readonly lastSeen: Date | null;
  readonly clients: readonly ClientUse[];
};

/** Reads who uses a coordinate, since when and how much. */
export async function readFieldUse(
  db: RegistryDatabase,
  variantId: number,
  { coordinate, ...period }: UsagePeriod & { readonly coordinate: string },
): Promise<FieldUse> {
  const isUse = sql`day >= ${firstDay(period)}::date and ${usesCoordinate(variantId, coordinate)}`;
  const clients = await sql<ClientUse>`
    select ${CLIENT_SUMS} from usage_calls join usage_clients on usage_clients.id = client_id
    where ${isUse} group by usage_clients.id order by calls desc, name, version`.execute(db);
  const total = await sql<Omit<FieldUse, 'coordinate' | 'clients' | 'unlistedCalls'>>`
    select coalesce(sum(requests), 0)::double precision as calls,
      count(distinct operation_id)::integer as operations,
      min(first_seen) as "firstSeen", max(last_seen) as "lastSeen"
    from usage_calls where ${isUse}`.execute(db);
  const unlisted = await sql<{ calls: number }>`
    select coalesce(sum(requests), 0)::double precision as calls from usage_unlisted
    where variant_id = ${variantId} and day >= ${firstDay(period)}::date
      and coordinate <> ${ALL} and ${matchesCoordinate(coordinate)}`.execute(db);
  const [sums] = total.rows;
  return {
    coordinate,
    calls: sums?.calls ?? 0,
    operations: sums?.operations ?? 0,
    firstSeen: sums?.firstSeen ?? null,
    lastSeen: sums?.lastSeen ?? null,
    unlistedCalls: unlisted.rows[0]?.calls ?? 0,
    clients: clients.rows,
  };
}
