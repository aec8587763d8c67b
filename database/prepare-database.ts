import { sql, type Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';

export type Preparation<Tables> = {
  readonly schema: string;
  readonly migrations: Readonly<Record<string, Migration>>;
  readonly seed: (db: Kysely<Tables>) => Promise<void>;
};

/** Creates, migrates and seeds a schema. An advisory lock serializes replicas that start at the same time. */
export async function prepareDatabase<Tables>(
  db: Kysely<Tables>,
  { schema, migrations, seed }: Preparation<Tables>,
): Promise<void> {
  const lock = sql`hashtext(${`tributary:${schema}`})`;
  // The lock belongs to its connection, so everything runs on that one.
  await db.connection().execute(async (connection) => {
    const unlock = async () => {
      await sql`select pg_advisory_unlock(${lock})`.execute(connection);
      await sql`reset statement_timeout`.execute(connection);
    };
    // A migration of a large table, and the wait for that of another replica, may take longer than a query.
    await sql`set statement_timeout = 0`.execute(connection);
    await sql`select pg_advisory_lock(${lock})`.execute(connection);
    try {
      await ensureSchema(connection, schema);
      if (!(await isMigrated(connection, migrations, schema))) await migrate(connection, migrations, schema);
      await connection.transaction().execute((transaction) => seedOnce(transaction, seed));
    } catch (error) {
      // A lost connection has released its lock; the first error is the one to report.
      await unlock().catch(() => undefined);
      throw error;
    }
    await unlock();
  });
}

/**
 * Looks first, because even `create schema if not exists` needs a privilege that the role of a subgraph may
 * lack.
 */
async function ensureSchema<Tables>(db: Kysely<Tables>, schema: string): Promise<void> {
  const found = await sql<{ exists: boolean }>`
    select exists (select 1 from pg_catalog.pg_namespace where nspname = ${schema})`.execute(db);
  if (found.rows[0]?.exists !== true) await sql`create schema ${sql.id(schema)}`.execute(db);
}

/** Most starts do not need the migrator, which reads the catalogue of the whole database first. */
async function isMigrated<Tables>(
  db: Kysely<Tables>,
  migrations: Readonly<Record<string, Migration>>,
  schema: string,
): Promise<boolean> {
  const found = await sql<{ exists: boolean }>`
    select exists (
      select 1 from pg_catalog.pg_tables where schemaname = ${schema} and tablename = 'kysely_migration'
    )`.execute(db);
  if (found.rows[0]?.exists !== true) return false;
  const table = sql.id(schema, 'kysely_migration');
  const applied = await sql<{ name: string }>`select name from ${table} order by name`.execute(db);
  return applied.rows.map(({ name }) => name).join() === Object.keys(migrations).toSorted().join();
}

async function migrate<Tables>(
  db: Kysely<Tables>,
  migrations: Readonly<Record<string, Migration>>,
  schema: string,
): Promise<void> {
  const provider = { getMigrations: async () => ({ ...migrations }) };
  const { error } = await new Migrator({ db, provider, migrationTableSchema: schema }).migrateToLatest();
  if (error !== undefined) throw error;
}

async function seedOnce<Tables>(
  db: Kysely<Tables>,
  seed: (db: Kysely<Tables>) => Promise<void>,
): Promise<void> {
  await sql`create table if not exists seeded (at timestamptz not null)`.execute(db);
  const { rows } = await sql`select at from seeded`.execute(db);
  if (rows.length > 0) return;
  await seed(db);
  await sql`insert into seeded (at) values (now())`.execute(db);
}
