import { sql } from 'kysely';
import type { Services } from '../services.ts';
import type { RegistryTransaction, VariantRow } from '../store/tables.ts';
import { operationIds } from './operation-ids.ts';
import { pruneUsage } from './prune-usage.ts';
import { MAX_COUNT, addCounts } from './saturating-counts.ts';
import { addUnlisted } from './unlisted-usage.ts';
import { parseUsageBatch } from './usage-batch.ts';
import type { ClientUsage, OperationUsage, UsageBatch } from './usage-batch.ts';
import { clientIds, clientKey } from './usage-clients.ts';
import { dayOf } from './usage-context.ts';
import type { UsageContext } from './usage-context.ts';

/**
 * Adds the counts of a router to those of the variant. A batch that was received before changes nothing.
 * @throws {RegistryError} BAD_USER_INPUT
 */
export async function receiveUsage(services: Services, variant: VariantRow, message: unknown): Promise<void> {
  const batch = parseUsageBatch(message);
  const context = { variantId: variant.id, now: services.now(), settings: services.settings };
  await services.db.transaction().execute(async (db) => {
    // Batches of a variant are added one after another: two that wait for each other's rows would fail.
    await sql`select pg_advisory_xact_lock(${LOCK_CLASS}, ${variant.id})`.execute(db);
    const isFirstOfDay = await isFirstToday(db, context);
    if (!(await isNew(db, batch, context))) return;
    if (isFirstOfDay) await pruneUsage(db, context);
    await addBatch(db, batch, context);
  });
}

/** First half of the keys of the advisory locks for usage. */
const LOCK_CLASS = 1_953_655_139;

async function isFirstToday(db: RegistryTransaction, { variantId, now }: UsageContext): Promise<boolean> {
  const today = new Date(now);
  today.setUTCHours(0, 0, 0, 0);
  const received = await db
    .selectFrom('usage_batches')
    .select('batch')
    .where('variant_id', '=', variantId)
    .where('received_at', '>=', today)
    .limit(1)
    .executeTakeFirst();
  return received === undefined;
}

async function isNew(
  db: RegistryTransaction,
  { batch }: UsageBatch,
  { variantId, now }: UsageContext,
): Promise<boolean> {
  const added = await db
    .insertInto('usage_batches')
    .values({ variant_id: variantId, batch, received_at: new Date(now) })
    .onConflict((conflict) => conflict.doNothing())
    .returning('batch')
    .execute();
  return added.length > 0;
}

async function addBatch(db: RegistryTransaction, batch: UsageBatch, context: UsageContext): Promise<void> {
  const ids = await operationIds(db, batch.operations, context);
  const listed = batch.operations.filter(({ signature }) => ids.has(signature));
  const clients = await clientIds(
    db,
    listed.flatMap((operation) => operation.clients),
    context,
  );
  const rows = listed.flatMap((operation) =>
    operation.clients.map((client) => ({
      operation_id: ids.get(operation.signature),
      client_id: clients.get(clientKey(client)),
      ...callsOf(operation, client, context),
    })),
  );
  await addCalls(db, sumEqualKeys(rows));
  await addUnlisted(
    db,
    batch,
    batch.operations.filter(({ signature }) => !ids.has(signature)),
    context,
  );
}

type CallRow = ReturnType<typeof callsOf> & {
  readonly operation_id: number | undefined;
  readonly client_id: number | undefined;
};

function callsOf({ contract }: OperationUsage, client: ClientUsage, { now }: UsageContext) {
  // The clock of a router may be wrong. A day in the future would never be pruned.
  const lastSeen = new Date(Math.min(Date.parse(client.lastSeen), now));
  const firstSeen = new Date(Math.min(Date.parse(client.firstSeen), lastSeen.getTime()));
  return {
    contract: contract ?? '',
    day: dayOf(lastSeen.getTime()),
    requests: client.requests,
    errors: client.errors,
    cost: client.cost,
    latency_buckets: client.latencyBuckets,
    first_seen: firstSeen.toISOString(),
    last_seen: lastSeen.toISOString(),
  };
}

/** Sums rows with equal keys: clients without a row of their own share one. */
function sumEqualKeys(rows: readonly CallRow[]): readonly CallRow[] {
  const sums = new Map<string, CallRow>();
  for (const row of rows) {
    const key = JSON.stringify([row.operation_id, row.client_id, row.contract, row.day]);
    const known = sums.get(key);
    sums.set(key, known === undefined ? row : sumOf(known, row));
  }
  return [...sums.values()];
}

function sumOf(a: CallRow, b: CallRow): CallRow {
  return {
    ...a,
    requests: addCounts(a.requests, b.requests),
    errors: addCounts(a.errors, b.errors),
    cost: a.cost + b.cost,
    latency_buckets: a.latency_buckets.map((requests, bucket) =>
      Math.min(requests + (b.latency_buckets[bucket] ?? 0), MAX_INT32),
    ),
    first_seen: a.first_seen < b.first_seen ? a.first_seen : b.first_seen,
    last_seen: a.last_seen > b.last_seen ? a.last_seen : b.last_seen,
  };
}

/** Maximum of a count in a latency bucket. */
const MAX_INT32 = 2_147_483_647;

async function addCalls(db: RegistryTransaction, rows: readonly CallRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    insert into usage_calls as known
    select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as added (
      operation_id integer, client_id integer, contract text, day date, requests bigint, errors bigint,
      cost double precision, latency_buckets integer[], first_seen timestamptz, last_seen timestamptz)
    on conflict (operation_id, client_id, contract, day) do update set
      requests = least(known.requests::numeric + excluded.requests, ${MAX_COUNT}::bigint),
      errors = least(known.errors::numeric + excluded.errors, ${MAX_COUNT}::bigint),
      cost = known.cost + excluded.cost,
      latency_buckets = array(
        select least(coalesce(a, 0)::bigint + coalesce(b, 0), ${MAX_INT32}::integer)
        from unnest(known.latency_buckets, excluded.latency_buckets) with ordinality as pair (a, b, bucket)
        order by bucket),
      first_seen = least(known.first_seen, excluded.first_seen),
      last_seen = greatest(known.last_seen, excluded.last_seen)`.execute(db);
}
