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
  return sql`
    select 'called ' || usage_operations.id as key, usage_operations.id as operation,
      null::jsonb as "listedBy", signature as id, usage_operations.name, body,
      sum(requests)::double precision as rank, max(last_seen) as "lastSeen"
    from usage_calls
    join usage_operations on usage_operations.id = operation_id
    join usage_clients on usage_clients.id = client_id
    where usage_operations.variant_id = ${variantId} and day >= ${firstDay(period)}::date
      and ${client == null ? sql`true` : sql`usage_clients.name = ${client}`}
      and ${coordinate == null ? sql`true` : usesCoordinate(variantId, coordinate)}
    group by usage_operations.id`;
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
