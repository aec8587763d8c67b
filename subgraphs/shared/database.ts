import { Kysely, PGliteDialect, PostgresDialect, sql, type Dialect } from 'kysely';
import type { Migration } from 'kysely/migration';
import { Pool } from 'pg';
import { openFolder, openTemporary } from './embedded-postgres.ts';
import { isUnreachable } from './postgres-errors.ts';
import { prepareDatabase } from './prepare-database.ts';
import { reasonOf, StartupError } from './startup-error.ts';

/** Where a subgraph's tables live. Every kind is Postgres, and the SQL is the same. */
export type DatabaseLocation =
  | { readonly kind: 'postgres'; readonly schema: string; readonly url: string }
  | { readonly kind: 'folder'; readonly schema: string; readonly path: string; readonly templateDir: string }
  | { readonly kind: 'temporary'; readonly schema: string; readonly templateDir: string };

export type DatabaseOptions<Tables> = {
  readonly location: DatabaseLocation;
  /** Applied in the order of their names, each once. */
  readonly migrations: Readonly<Record<string, Migration>>;
  /** Runs once in the life of the database, in one transaction. */
  readonly seed: (db: Kysely<Tables>) => Promise<void>;
  /** Told of every statement; a test counts them. */
  readonly onQuery?: ((statement: string) => void) | undefined;
};

export type Database<Tables> = {
  readonly db: Kysely<Tables>;
  readonly isReady: () => Promise<boolean>;
  readonly close: () => Promise<void>;
};

const readyTimeoutMs = 1_000;

/** Opens the database and brings it up to date; any number of processes may do so at the same time. */
export async function openDatabase<Tables>(options: DatabaseOptions<Tables>): Promise<Database<Tables>> {
  const { dialect, close } = await openDialect(options.location);
  const db = new Kysely<Tables>({ dialect, log: (event) => options.onQuery?.(event.query.sql) });
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
  return { db, isReady: () => answers(db), close: closeAll };
}

type OpenDialect = { readonly dialect: Dialect; readonly close: () => Promise<void> };

async function openDialect(location: DatabaseLocation): Promise<OpenDialect> {
  switch (location.kind) {
    case 'postgres':
      return openPool(location.url, location.schema);
    case 'folder':
      return openEmbedded(location.schema, await openFolder(location.path, location.templateDir));
    case 'temporary':
      return openEmbedded(location.schema, await openTemporary(location.templateDir));
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
  // A connection that breaks is replaced by the pool, and its query fails; without listeners it would end the process.
  // The pool's own hears of idle connections only.
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

async function answers<Tables>(db: Kysely<Tables>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), readyTimeoutMs);
  const query = sql`select 1`.execute(db).then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([query, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function describeFailure(error: unknown, location: DatabaseLocation): unknown {
  if (location.kind !== 'postgres' || !isUnreachable(error)) return error;
  const { host, pathname } = new URL(location.url);
  return new StartupError(
    `Postgres does not answer at ${host}${pathname} (${reasonOf(error)}): start it, or correct DATABASE_URL.`,
    { cause: error },
  );
}
