import { sql } from 'kysely';
import type { RegistryTransaction } from '../store/tables.ts';
import type { UsageContext } from './usage-context.ts';

type Label = { readonly name: string; readonly version: string | null };

/** Maximum number of clients of a variant, by name and version. */
const MAX_CLIENTS = 5_000;
/** Name under which clients are counted for which there is no room. */
const OTHER: Label = { name: '(other)', version: null };

export function clientKey({ name, version }: Label): string {
  return JSON.stringify([name, version ?? '']);
}

/** Returns the ids of clients by `clientKey`. New ones are stored while there is room. */
export async function clientIds(
  db: RegistryTransaction,
  labels: readonly Label[],
  { variantId }: UsageContext,
): Promise<ReadonlyMap<string, number>> {
  const distinct = new Map([OTHER, ...labels].map((label) => [clientKey(label), label]));
  const stored = await db
    .selectFrom('usage_clients')
    .select(['id', 'name', 'version'])
    .where('variant_id', '=', variantId)
    .execute();
  const ids = new Map(stored.map((row) => [clientKey(row), row.id]));
  const room = Math.max(0, MAX_CLIENTS - stored.length);
  const isNew = (label: Label) => !ids.has(clientKey(label));
  const added = [...distinct.values()].filter(isNew).slice(0, room + 1);
  const rows = added.map(({ name, version }) => ({ name, version: version ?? '' }));
  const inserted = await sql<{ id: number; name: string; version: string }>`
    insert into usage_clients (variant_id, name, version)
    select ${variantId}::integer, name, version
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as added (name text, version text)
    returning id, name, version`.execute(db);
  for (const row of inserted.rows) ids.set(clientKey(row), row.id);
  const other = ids.get(clientKey(OTHER));
  if (other === undefined) throw new Error('bug: the client for all others was not stored');
  return new Map([...distinct.keys()].map((key) => [key, ids.get(key) ?? other]));
}
