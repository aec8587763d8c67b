import { Kysely, PGliteDialect, PostgresDialect, sql, type Dialect, type LogConfig } from 'kysely';
import type { Migration } from 'kysely/migration';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'pg';
import { openFolder } from './embedded-postgres.ts';
import { isUnreachable } from './postgres-errors.ts';
import { prepareDatabase } from './prepare-database.ts';
import { reasonOf, StartupError } from './startup-error.ts';

/** Location of a service's tables. Every kind is Postgres, with the same SQL. */
export type DatabaseLocation =
  | { readonly kind: 'postgres'; readonly schema: string; readonly url: string }
  | { readonly kind: 'folder'; readonly schema: string; readonly path: string; readonly templateDir: string };

/** A SQL statement, with placeholders for all values, its duration in milliseconds, and whether it failed. */
export type OnQuery = (
  statement: string,
  result: { readonly ms: number; readonly hasFailed: boolean },
) => void;

export type DatabaseOptions<Tables> = {
  readonly location: DatabaseLocation;
  /** Each is applied once, in the order of their names. */
  readonly migrations: Readonly<Record<string, Migration>>;
  /** Called once per database, in one transaction. */
  readonly seed: (db: Kysely<Tables>) => Promise<void>;
  /** Receives every SQL statement when it has ended. */
  readonly onQuery?: OnQuery | undefined;
};

export type Database<Tables> = {
  readonly db: Kysely<Tables>;
  readonly isReady: () => Promise<boolean>;
  readonly close: () => Promise<void>;
};

const readyTimeoutMs = 1_000;

/** Opens, migrates and seeds the database. Several processes may do so at the same time. */
export async function openDatabase<Tables>(options: DatabaseOptions<Tables>): Promise<Database<Tables>> {
  const { dialect, close } = await openDialect(options.location);
  const db = new Kysely<Tables>({ dialect, log: logTo(options.onQuery) });
  const closeAll = async () => {
    await db.destroy();
    await close();
  };
  try {
    await prepareDatabase(db, { schema: options.location.schema, ...options });
  } catch (error) {
    await closeAll();
    throw describeFailure(error, options.location);
  }
  return { db, isReady: () => isServing(db), close: closeAll };
}

function logTo(onQuery: OnQuery | undefined): LogConfig {
  if (onQuery === undefined) return [];
  return ({ level, query, queryDurationMillis }) =>
    onQuery(query.sql, { ms: queryDurationMillis, hasFailed: level === 'error' });
}

type OpenDialect = { readonly dialect: Dialect; readonly close: () => Promise<void> };

async function openDialect(location: DatabaseLocation): Promise<OpenDialect> {
  switch (location.kind) {
    case 'postgres':
      return openPool(location.url, location.schema);
    case 'folder':
      return openEmbedded(location.schema, await openFolder(location.path, location.templateDir));
  }
}

function openPool(url: string, schema: string): OpenDialect {
  const pool = new Pool({
    connectionString: url,
    options: `-c search_path="${schema}"`,
    max: 10,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
  });
  // The pool replaces a broken connection and its query fails. Without listeners, for idle connections and
  // for those in use, the error event would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return { dialect: new PostgresDialect({ pool }), close: async () => undefined };
}

function openEmbedded(schema: string, embedded: Awaited<ReturnType<typeof openFolder>>): OpenDialect {
  const dialect = new PGliteDialect({
    pglite: async () => {
      await embedded.pglite.query(`set search_path = "${schema}"`);
      return embedded.pglite;
    },
  });
  return { dialect, close: embedded.close };
}

async function isServing<Tables>(db: Kysely<Tables>): Promise<boolean> {
  const query = sql`select 1`.execute(db).then(
    () => true,
    () => false,
  );
  return Promise.race([query, delay(readyTimeoutMs, false, { ref: false })]);
}

function describeFailure(error: unknown, location: DatabaseLocation): unknown {
  if (location.kind !== 'postgres' || !isUnreachable(error)) return error;
  const { host, pathname } = new URL(location.url);
  return new StartupError(
    `Postgres does not respond at ${host}${pathname} (${reasonOf(error)}): start it, or correct DATABASE_URL.`,
    { cause: error },
  );
}
