import { sql } from 'kysely';
import type { RecordedClient, RecordedOperation } from '../../checks/recorded-operation.ts';
import type { RegistryDatabase } from '../store/tables.ts';
import { dayOf } from './usage-context.ts';

const DAY_MS = 86_400_000;

/** The days that recorded operations are read of. */
export type UsagePeriod = {
  /** Null for all days that are kept. */
  readonly sinceDays: number | null;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/** Returns the first day of a period: `2026-01-31`. */
export function firstDay({ sinceDays, now }: UsagePeriod): string {
  return sinceDays === null ? '0001-01-01' : dayOf(now - sinceDays * DAY_MS);
}

/** Reads the operations that routers have recorded, and those of the clients' manifests. */
export async function readRecordedOperations(
  db: RegistryDatabase,
  variantId: number,
  period: UsagePeriod,
): Promise<readonly RecordedOperation[]> {
  const [recorded, listed] = await Promise.all([
    readCalledOperations(db, variantId, period),
    readManifestOperations(db, variantId),
  ]);
  return [...recorded, ...listed];
}

type CallSum = {
  readonly operation_id: number;
  readonly client_id: number;
  readonly requests: number;
  readonly errors: number;
  readonly last_seen: Date;
};

async function readCalledOperations(
  db: RegistryDatabase,
  variantId: number,
  period: UsagePeriod,
): Promise<readonly RecordedOperation[]> {
  const sums = await sql<CallSum>`
    select operation_id, client_id, sum(requests)::double precision as requests,
      sum(errors)::double precision as errors, max(last_seen) as last_seen
    from usage_calls
    where operation_id in (select id from usage_operations where variant_id = ${variantId}) and day >= ${firstDay(period)}::date
    group by operation_id, client_id`.execute(db);
  const byOperation = Map.groupBy(sums.rows, (sum) => sum.operation_id);
  const clients = await readClients(db, variantId);
  const operations = await db
    .selectFrom('usage_operations')
    .select(['id', 'signature', 'name', 'body'])
    .where('variant_id', '=', variantId)
    .orderBy('id')
    .execute();
  return operations.flatMap(({ id, signature, name, body }) => {
    const calls = byOperation.get(id);
    if (calls === undefined) return [];
    return [{ id: signature, name, body, clients: calls.map((sum) => recordedClient(sum, clients)) }];
  });
}

type Client = { readonly name: string; readonly version: string | null };

async function readClients(db: RegistryDatabase, variantId: number): Promise<ReadonlyMap<number, Client>> {
  const rows = await db
    .selectFrom('usage_clients')
    .select(['id', 'name', 'version'])
    .where('variant_id', '=', variantId)
    .execute();
  return new Map(
    rows.map(({ id, name, version }) => [id, { name, version: version === '' ? null : version }]),
  );
}

function recordedClient(
  { client_id, requests, errors, last_seen }: CallSum,
  clients: ReadonlyMap<number, Client>,
): RecordedClient {
  const { name, version } = clients.get(client_id) ?? { name: '(other)', version: null };
  return { name, version, calls: requests, errors, lastSeen: last_seen.toISOString() };
}

async function readManifestOperations(
  db: RegistryDatabase,
  variantId: number,
): Promise<readonly RecordedOperation[]> {
  const rows = await db
    .selectFrom('manifest_operations')
    .select(['client', 'operation', 'name', 'body'])
    .where('variant_id', '=', variantId)
    .orderBy('operation')
    .orderBy('client')
    .execute();
  // Clients that share an operation have the same id for the same body.
  const shared = Map.groupBy(rows, ({ operation, body }) => JSON.stringify([operation, body]));
  return [...shared.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { operation, name, body } = first;
    const clients = [first, ...others].map(({ client }) => ({ name: client, version: null, calls: null }));
    return [{ id: operation, name, body, clients }];
  });
}
