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
  readonly lastSeen: Date | null;
};

/** A recorded operation with its calls in a period, or an operation of a manifest. */
export type OperationUse = {
  readonly id: string;
  readonly name: string | null;
  readonly body: string;
  /** Null for an operation of a manifest. */
  readonly calls: number | null;
  readonly lastSeen: Date | null;
  readonly clients: readonly ClientUse[];
};

export type OperationFilter = {
  readonly coordinate?: string | null | undefined;
  readonly client?: string | null | undefined;
};

type OperationRow = {
  /** Unique in the list. */
  readonly key: string;
  /** Key of a recorded operation; null for an operation of a manifest. */
  readonly operation: number | null;
  /** Clients whose manifests list the operation. */
  readonly listedBy: readonly string[] | null;
  readonly id: string;
  readonly name: string | null;
  readonly body: string;
  /** -1 for an operation of a manifest, so that these are last. */
  readonly rank: number;
  readonly lastSeen: Date | null;
};

type OperationQuery = UsagePeriod & { readonly filter: OperationFilter };

/** Reads a page of the recorded operations, most calls first, and then those of manifests. */
export async function fetchOperations(
  db: RegistryDatabase,
  variantId: number,
  { page, ...query }: OperationQuery & { readonly page: PageArguments },
): Promise<Connection<OperationUse>> {
  const both = sql<OperationRow>`(
    ${calledOperations(variantId, query)} union all ${listedOperations(variantId, query)})`;
  const connection = await fetchConnection(
    db.selectFrom(both.as('operations')).selectAll(),
    {
      name: 'operations',
      columns: ['rank', 'key'],
      direction: 'desc',
      keysetOf: ({ rank, key }) => [String(rank), key],
    },
    page,
  );
  const ids = connection.edges.flatMap(({ node }) => node.operation ?? []);
  const clients = await clientsOf(db, ids, query);
  return {
    ...connection,
    edges: connection.edges.map(({ node, cursor }) => ({ node: operationUse(node, clients), cursor })),
  };
}

function calledOperations(variantId: number, { filter, ...period }: OperationQuery): RawBuilder<unknown> {
  const { coordinate, client } = filter;
  const ofClient =
    client == null
      ? sql`true`
      : sql`client_id in (
          select id from usage_clients where variant_id = ${variantId} and name = ${client})`;
  return sql`
    select 'called ' || usage_operations.id as key, usage_operations.id as operation,
      null::jsonb as "listedBy", signature as id, name, body, rank, last_seen as "lastSeen"
    from (
      select operation_id, sum(requests)::double precision as rank, max(last_seen) as last_seen
      from usage_calls
      where operation_id in (select id from usage_operations where variant_id = ${variantId})
        and day >= ${firstDay(period)}::date and ${ofClient}
        and ${coordinate == null ? sql`true` : usesCoordinate(variantId, coordinate)}
      group by operation_id) as calls
    join usage_operations on usage_operations.id = operation_id`;
}

/** The coordinates of these operations are not known, so a filter by coordinate leaves them out. */
function listedOperations(variantId: number, { filter }: OperationQuery): RawBuilder<unknown> {
  const { coordinate, client } = filter;
  return sql`
    select 'listed ' || operation || ' ' || md5(body) as key, null::integer as operation,
      jsonb_agg(client order by client) as "listedBy", operation as id, min(name) as name, body,
      -1::double precision as rank, null::timestamptz as "lastSeen"
    from manifest_operations
    where variant_id = ${variantId} and ${coordinate == null ? sql`true` : sql`false`}
      and ${client == null ? sql`true` : sql`client = ${client}`}
    group by operation, body`;
}

function operationUse(
  { operation, listedBy, id, name, body, rank, lastSeen }: OperationRow,
  clients: ReadonlyMap<number, readonly ClientUse[]>,
): OperationUse {
  if (operation !== null)
    return { id, name, body, calls: rank, lastSeen, clients: clients.get(operation) ?? [] };
  const listed = (listedBy ?? []).map((client) => ({
    name: client,
    version: null,
    calls: 0,
    errors: 0,
    lastSeen: null,
  }));
  return { id, name, body, calls: null, lastSeen, clients: listed };
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
  // The calls are read once: a field that all operations use has those of the whole variant.
  const clients = await sql<ClientUse & { readonly operations: number; readonly firstSeen: Date }>`
    with pairs as materialized (
      select operation_id, client_id, sum(requests) as requests, sum(errors) as errors,
        min(first_seen) as first_seen, max(last_seen) as last_seen
      from usage_calls
      where day >= ${firstDay(period)}::date and ${usesCoordinate(variantId, coordinate)}
      group by operation_id, client_id)
    select ${CLIENT_SUMS}, min(first_seen) as "firstSeen",
      (select count(distinct operation_id)::integer from pairs) as operations
    from pairs join usage_clients on usage_clients.id = client_id
    group by usage_clients.id order by calls desc, name, version`.execute(db);
  const unlisted = await sql<{ calls: number }>`
    select coalesce(sum(requests), 0)::double precision as calls from usage_unlisted
    where variant_id = ${variantId} and day >= ${firstDay(period)}::date
      and coordinate <> ${ALL} and ${matchesCoordinate(coordinate)}`.execute(db);
  const { rows } = clients;
  return {
    coordinate,
    calls: rows.reduce((sum, { calls }) => sum + calls, 0),
    operations: rows[0]?.operations ?? 0,
    firstSeen: timeIn(
      rows.map(({ firstSeen }) => firstSeen),
      Math.min,
    ),
    lastSeen: timeIn(
      rows.flatMap(({ lastSeen }) => lastSeen ?? []),
      Math.max,
    ),
    unlistedCalls: unlisted.rows[0]?.calls ?? 0,
    clients: rows,
  };
}

/** Calls of a coordinate by one client on one day in UTC. */
export type FieldUseDay = {
  readonly day: string;
  readonly client: string;
  readonly calls: number;
  readonly errors: number;
};

/** Reads the calls of each client by day, oldest first. */
export async function readFieldDays(
  db: RegistryDatabase,
  variantId: number,
  { coordinate, ...period }: UsagePeriod & { readonly coordinate: string },
): Promise<readonly FieldUseDay[]> {
  const { rows } = await sql<FieldUseDay>`
    select to_char(day, 'YYYY-MM-DD') as day, usage_clients.name as client,
      sum(requests)::double precision as calls, sum(errors)::double precision as errors
    from usage_calls join usage_clients on usage_clients.id = client_id
    where day >= ${firstDay(period)}::date and ${usesCoordinate(variantId, coordinate)}
    group by day, usage_clients.name order by day, calls desc, client`.execute(db);
  return rows;
}

function timeIn(times: readonly Date[], choose: (...times: number[]) => number): Date | null {
  return times.length === 0 ? null : new Date(choose(...times.map((time) => time.getTime())));
}
