import { type Kysely, sql } from 'kysely';
import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../database/database.ts';
import { demoProducts } from '../../subgraphs/shop/demo/catalog.ts';
import { startProduct } from '../../subgraphs/product/server.ts';
import { breakableConnectionTo } from '../support/servers/breakable-connection.ts';
import { dropLocation, startTestSubgraph, testLocation } from '../support/subgraphs/shop-subgraph.ts';
import { until } from '../support/time/until.ts';

const countProducts = '{ products(first: 100, filter: { text: "ten-" }) { edges { node { id } } } }';

describe('on a real Postgres', () => {
  test('replicas that start together migrate and seed once', async () => {
    const location = await testLocation('product', 'postgres');
    await using stack = new AsyncDisposableStack();
    stack.defer(() => dropLocation(location));
    const replicas = await Promise.all(
      Array.from({ length: 4 }, () => startTestSubgraph('product', startProduct, { database: location })),
    );
    for (const replica of replicas) stack.use(replica);
    const expected = demoProducts.filter(({ sku }) => sku.startsWith('TEN-')).length;
    for (const replica of replicas) {
      const { data } = await replica.call(countProducts);
      expect(data).toMatchObject({ products: { edges: { length: expected } } });
    }
  });

  test('limits the duration of statements, but not of migrations', async () => {
    const location = await testLocation('product', 'postgres');
    await using stack = new AsyncDisposableStack();
    stack.defer(() => dropLocation(location));
    const limits: unknown[] = [];
    const limitOf = async (db: Kysely<never>) => {
      const { rows } = await sql<{ statement_timeout: string }>`show statement_timeout`.execute(db);
      limits.push(rows[0]?.statement_timeout);
    };
    const migrations = { '001-slow': { up: limitOf } };
    const { db, close } = await openDatabase<never>({ location, migrations, seed: limitOf });
    stack.defer(close);
    await limitOf(db);
    expect(limits).toEqual(['0', '0', '30s']);
  });

  test('exits with one message if the server does not respond', async () => {
    const database = {
      kind: 'postgres',
      schema: 'product',
      url: 'postgres://shop:secret@127.0.0.1:9/shop',
    } as const;
    await expect(startTestSubgraph('product', startProduct, { database })).rejects.toThrow(
      /^Postgres does not respond at 127\.0\.0\.1:9\/shop \(.*\): start it, or correct DATABASE_URL\.$/,
    );
  });

  test('returns UNAVAILABLE and is not ready after the loss of the database', async () => {
    const location = await testLocation('product', 'postgres');
    if (location.kind !== 'postgres') throw new Error('not a Postgres location');
    await using connection = await breakableConnectionTo(location.url);
    const database = { ...location, url: connection.url };
    await using stack = new AsyncDisposableStack();
    stack.defer(() => dropLocation(location));
    const product = stack.use(await startTestSubgraph('product', startProduct, { database }));
    connection.cut();
    const { data, errors } = await product.call('{ product(id: "product-1") { id } }');
    expect(data).toEqual({ product: null });
    expect(errors).toMatchObject([
      { message: 'The database is unavailable.', extensions: { code: 'UNAVAILABLE' } },
    ]);
    expect((await fetch(`${product.origin}/health/ready`)).status).toBe(503);
    connection.repair();
    expect((await product.call('{ product(id: "product-1") { id } }')).errors).toEqual([]);
  });

  // Without a listener of its own, an error of a connection in use would end the process: vitest then reports
  // an uncaught exception.
  test('a connection that breaks during its query causes UNAVAILABLE only', async () => {
    const location = await testLocation('product', 'postgres');
    if (location.kind !== 'postgres') throw new Error('not a Postgres location');
    await using stack = new AsyncDisposableStack();
    stack.defer(() => dropLocation(location));
    const connection = stack.use(await breakableConnectionTo(location.url));
    const database = { ...location, url: connection.url };
    const product = stack.use(await startTestSubgraph('product', startProduct, { database }));
    const holder = new Client({ connectionString: location.url });
    await holder.connect();
    stack.defer(() => holder.end());
    await holder.query(`begin; lock table "${location.schema}".products`);

    const call = product.call('{ product(id: "product-1") { id } }');
    const waits = `select 1 from pg_locks where relation = '"${location.schema}".products'::regclass and not granted`;
    expect(await until(async () => (await holder.query(waits)).rowCount === 1, 30_000)).toBe(true);
    connection.cut();
    expect((await call).errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE' } }]);
    await holder.query('rollback');
    connection.repair();
    expect((await product.call('{ product(id: "product-1") { id } }')).errors).toEqual([]);
  });
});
