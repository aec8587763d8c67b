import { sql } from 'kysely';
import type { RegistryDatabase, RegistryTransaction } from '../store/tables.ts';
import { firstDay } from './recorded-operations.ts';
import type { UsagePeriod } from './recorded-operations.ts';
import { MAX_COUNT, addCounts } from './saturating-counts.ts';
import { dayOf } from './usage-context.ts';
import type { UsageContext } from './usage-context.ts';
import { coordinatesOf } from './usage-batch.ts';
import type { OperationUsage, UsageBatch } from './usage-batch.ts';

/**
 * Counts the requests of operations that are not stored, by coordinate: those that the router does not list,
 * and those for which the variant has no room. A field that only they use thus does not look unused.
 */
export async function addUnlisted(
  db: RegistryTransaction,
  { dropped, droppedCoordinates }: UsageBatch,
  operations: readonly OperationUsage[],
  { variantId, now }: UsageContext,
): Promise<void> {
  const sums = new Map([[ALL, dropped], ...Object.entries(droppedCoordinates)]);
  for (const operation of operations) {
    const requests = operation.clients.reduce((sum, client) => addCounts(sum, client.requests), 0);
    for (const coordinate of [ALL, ...coordinatesOf(operation)])
      sums.set(coordinate, addCounts(sums.get(coordinate) ?? 0, requests));
  }
  await addSums(db, { variantId, day: dayOf(now) }, sums);
}

/** The coordinate under which all requests are counted. */
export const ALL = '';

/** Returns the requests of operations that are not stored, by coordinate. */
export async function readUnlisted(
  db: RegistryDatabase,
  variantId: number,
  period: UsagePeriod,
): Promise<Readonly<Record<string, number>>> {
  const { rows } = await sql<{ coordinate: string; requests: number }>`
    select coordinate, sum(requests)::double precision as requests from usage_unlisted
    where variant_id = ${variantId} and day >= ${firstDay(period)}::date and coordinate <> ${ALL}
    group by coordinate`.execute(db);
  return Object.fromEntries(rows.map(({ coordinate, requests }) => [coordinate, requests]));
}

async function addSums(
  db: RegistryTransaction,
  { variantId, day }: { readonly variantId: number; readonly day: string },
  sums: ReadonlyMap<string, number>,
): Promise<void> {
  const rows = [...sums].flatMap(([coordinate, requests]) =>
    requests > 0 ? [{ coordinate, requests }] : [],
  );
  if (rows.length === 0) return;
  await sql`
    insert into usage_unlisted as known (variant_id, day, coordinate, requests)
    select ${variantId}::integer, ${day}::date, coordinate, requests
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as added (coordinate text, requests bigint)
    on conflict (variant_id, coordinate, day) do update set
      requests = least(known.requests::numeric + excluded.requests, ${MAX_COUNT}::bigint)`.execute(db);
}
