import { sql } from 'kysely';
import type { Services } from '../services.ts';
import type { RegistryDatabase, RegistryTransaction } from './tables.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Days that the report of a router is kept. A router has another name after each start. */
const KEEP_REPORT_DAYS = 1;

/** Removes what has expired at once and every hour. */
export function startRetention(services: Services): Disposable {
  const run = () => services.inBackground(removeExpired(services));
  run();
  const timer = setInterval(run, HOUR_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/**
 * Removes releases, launches, versions, texts and checks that are older than configured. The latest release,
 * the launches that a kept release names, and the versions that a kept launch was composed of stay.
 */
async function removeExpired(services: Services): Promise<void> {
  const { db, now, settings, withVariantLock } = services;
  const before = (days: number) => new Date(now() - days * DAY_MS);
  const launches = before(settings.keepDays.launches);
  for (const { id } of await db.selectFrom('variants').select('id').execute()) {
    await withVariantLock(id, (connection) =>
      connection.transaction().execute((transaction) => removeFromVariant(transaction, id, launches)),
    );
  }
  await removeChecks(db, before(settings.keepDays.checks));
  await db.deleteFrom('routers').where('reported_at', '<', before(KEEP_REPORT_DAYS)).execute();
  await removeDocuments(db, launches);
}

async function removeFromVariant(db: RegistryTransaction, variantId: number, before: Date): Promise<void> {
  await sql`delete from releases where variant_id = ${variantId} and issued_at < ${before}
    and sequence < (select sequence from variants where id = ${variantId})`.execute(db);
  await sql`delete from launches where variant_id = ${variantId} and created_at < ${before}
    and number < (select max(number) from launches where variant_id = ${variantId})
    and not exists (
      select from releases where releases.variant_id = launches.variant_id
      and (serving_launch = number or canary_launch = number)
    )`.execute(db);
  for (const table of ['subgraph_versions', 'contract_versions'] as const)
    await sql`delete from ${sql.table(table)} as old where variant_id = ${variantId} and created_at < ${before}
      and exists (
        select from ${sql.table(table)} as later
        where later.variant_id = old.variant_id and later.name = old.name and later.version > old.version
        and later.launch <= (select min(number) from launches where variant_id = ${variantId})
      )`.execute(db);
}

async function removeChecks(db: RegistryDatabase, before: Date): Promise<void> {
  await db.deleteFrom('checks').where('created_at', '<', before).where('status', '!=', 'RUNNING').execute();
}

async function removeDocuments(db: RegistryDatabase, before: Date): Promise<void> {
  await sql`delete from documents where created_at < ${before}
    and not exists (select from subgraph_versions where subgraph_versions.sha256 = documents.sha256)
    and not exists (select from launches where supergraph_sha256 = documents.sha256)
    and not exists (
      select from launches, jsonb_array_elements(contracts) as contract
      where contract ->> 'sha256' = documents.sha256
    )`.execute(db);
}
