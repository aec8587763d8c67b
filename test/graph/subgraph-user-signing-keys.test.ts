import type { KyselyPlugin } from 'kysely';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase } from '../../database/database.ts';
import { migrations, type UserTables } from '../../subgraphs/user/data.ts';
import {
  currentSigningKey,
  ensureSigningKey,
  publishedKeys,
  rotateSigningKey,
} from '../../subgraphs/user/issuer/signing-keys.ts';
import { dropLocation, testLocation } from '../support/subgraphs/shop-subgraph.ts';
import { until } from '../support/time/until.ts';

test('two concurrent rotations leave one key that signs', async () => {
  const location = await testLocation('user', 'postgres');
  await using stack = new AsyncDisposableStack();
  stack.defer(() => dropLocation(location));
  const { db, close } = await openDatabase<UserTables>({ location, migrations, seed: async () => undefined });
  stack.defer(close);
  const now = new Date(Date.UTC(2026, 10, 1));
  await ensureSigningKey(db, now);

  const isWaiting = async () => {
    const { rows } = await sql`
      select 1 from pg_locks where relation = 'signing_keys'::regclass and not granted`.execute(db);
    return rows.length === 1;
  };
  // The second rotation starts after the first statement of the first one, and ends unless it has to wait.
  let second: Promise<string> | undefined;
  const interruption: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      if (second === undefined) {
        second = rotateSigningKey(db, now);
        await Promise.race([second, until(isWaiting, 30_000)]);
      }
      return result;
    },
  };
  await rotateSigningKey(db.withPlugin(interruption), now);

  const latest = await second;
  expect((await currentSigningKey(db)).kid).toBe(latest);
  expect(await publishedKeys(db, now)).toHaveLength(3);
});
