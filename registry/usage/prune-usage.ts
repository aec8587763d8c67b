import { sql } from 'kysely';
import type { RegistryTransaction } from '../store/tables.ts';
import { MAX_COUNT } from './saturating-counts.ts';
import { ALL } from './unlisted-usage.ts';
import { dayOf } from './usage-context.ts';
import type { UsageContext } from './usage-context.ts';

const DAY_MS = 86_400_000;
/** Days that the ids of batches are kept. Routers repeat a batch for as long as they run. */
const KEEP_BATCH_DAYS = 30;
/** Part of the maximum to which the operations of a variant are reduced when it is reached. */
const REDUCED_PART = 0.8;

/** Removes usage that is older than the configured days, and the rarest operations if there are too many. */
export async function pruneUsage(
  db: RegistryTransaction,
  { variantId, now, settings }: UsageContext,
): Promise<void> {
  const oldest = dayOf(now - settings.keepDays.usage * DAY_MS);
  await sql`
    delete from usage_calls using usage_operations
    where usage_operations.id = operation_id and variant_id = ${variantId} and day < ${oldest}::date`.execute(
    db,
  );
  await sql`
    delete from usage_operations where variant_id = ${variantId}
    and not exists (select from usage_calls where operation_id = usage_operations.id)`.execute(db);
  await removeRarest(db, { variantId, maxOperations: settings.maxOperations });
  await sql`
    delete from usage_clients where variant_id = ${variantId}
    and not exists (select from usage_calls where client_id = usage_clients.id)`.execute(db);
  await sql`delete from usage_unlisted where variant_id = ${variantId} and day < ${oldest}::date`.execute(db);
  await sql`delete from manifest_operations where variant_id = ${variantId} and pushed_at < ${oldest}::date`.execute(
    db,
  );
  await db
    .deleteFrom('usage_batches')
    .where('variant_id', '=', variantId)
    .where('received_at', '<', new Date(now - KEEP_BATCH_DAYS * DAY_MS))
    .execute();
}

/** Replaces the operations with the fewest requests by counts of their coordinates. */
async function removeRarest(
  db: RegistryTransaction,
  { variantId, maxOperations }: { readonly variantId: number; readonly maxOperations: number },
): Promise<void> {
  const stored = await sql<{ count: number }>`
    select count(*)::integer as count from usage_operations where variant_id = ${variantId}`.execute(db);
  if ((stored.rows[0]?.count ?? 0) < maxOperations) return;
  const { rows } = await sql<{ id: number }>`
    select id from usage_operations
    join (select operation_id, sum(requests) as requests from usage_calls group by operation_id) as calls
      on calls.operation_id = id
    where variant_id = ${variantId}
    order by requests desc, id offset ${Math.ceil(maxOperations * REDUCED_PART)}`.execute(db);
  const ids = rows.map(({ id }) => id);
  await sql`
    insert into usage_unlisted as known (variant_id, day, coordinate, requests)
    select ${variantId}::integer, day, coordinate, least(sum(requests), ${MAX_COUNT}::bigint) from (
      select day, coordinate, requests from usage_calls join usage_coordinates using (operation_id)
      where operation_id = any(${ids}::integer[])
      union all
      select day, ${ALL}, requests from usage_calls where operation_id = any(${ids}::integer[])
    ) as removed group by day, coordinate
    on conflict (variant_id, coordinate, day) do update set
      requests = least(known.requests::numeric + excluded.requests, ${MAX_COUNT}::bigint)`.execute(db);
  await sql`delete from usage_operations where id = any(${ids}::integer[])`.execute(db);
}
