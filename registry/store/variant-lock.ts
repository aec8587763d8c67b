import { sql } from 'kysely';
import type { DatabaseLocation } from '../../database/database.ts';
import type { RegistryDatabase } from './tables.ts';

/**
 * Runs changes of a variant one after another, over all instances on the database. `work` receives the
 * connection to use: if it breaks, Postgres releases the lock, and later statements of `work` fail.
 */
export type WithVariantLock = <Result>(
  variantId: number,
  work: (db: RegistryDatabase) => Promise<Result>,
) => Promise<Result>;

/** Locks that wait or are held at once; each occupies one of the pool's ten connections. */
const MAX_HELD = 4;
/** Other instances may compose for as long before it is this one's turn. */
const MAX_WAIT = '10min';

/** Creates the lock: an advisory lock on Postgres, a queue of this process on the embedded one. */
export function createVariantLock(db: RegistryDatabase, location: DatabaseLocation): WithVariantLock {
  const queues = new Map<number, Promise<unknown>>();
  const slots = createSlots(MAX_HELD);

  // Only the first of a queue occupies a connection.
  async function inQueue<Result>(variantId: number, work: () => Promise<Result>): Promise<Result> {
    const previous = queues.get(variantId) ?? Promise.resolve();
    const result = previous.then(work, work);
    queues.set(variantId, result);
    try {
      return await result;
    } finally {
      if (queues.get(variantId) === result) queues.delete(variantId);
    }
  }

  if (location.kind === 'folder') return (variantId, work) => inQueue(variantId, () => work(db));
  return (variantId, work) => inQueue(variantId, () => slots(() => withAdvisoryLock(db, variantId, work)));
}

/** First half of the keys of the registry's advisory locks. */
const LOCK_CLASS = 1_953_655_138;

async function withAdvisoryLock<Result>(
  db: RegistryDatabase,
  variantId: number,
  work: (db: RegistryDatabase) => Promise<Result>,
): Promise<Result> {
  return db.connection().execute(async (connection) => {
    await sql`set statement_timeout = ${sql.lit(MAX_WAIT)}`.execute(connection);
    await sql`select pg_advisory_lock(${LOCK_CLASS}, ${variantId})`.execute(connection);
    await sql`reset statement_timeout`.execute(connection);
    try {
      return await work(connection);
    } finally {
      // A broken connection has released its lock.
      await sql`select pg_advisory_unlock(${LOCK_CLASS}, ${variantId})`
        .execute(connection)
        .catch(() => undefined);
    }
  });
}

/** Runs at most `count` tasks at once. */
function createSlots(count: number) {
  let free = count;
  const waiting: (() => void)[] = [];
  return async function run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
