import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase } from '../../database/database.ts';
import { migrations, type OrderTables } from '../../subgraphs/order/data.ts';
import { pendingReleases } from '../../subgraphs/order/pending-releases.ts';
import { findPlacement } from '../../subgraphs/order/placements.ts';
import { databaseKinds, dropLocation, testLocation } from '../support/subgraphs/shop-subgraph.ts';

const RENAMING = '005-request-and-pending-releases';
const seed = async () => undefined;

test.each(databaseKinds)(
  'an order database on %s keeps its rows when columns and tables are renamed',
  async (kind) => {
    await using stack = new AsyncDisposableStack();
    const location = await testLocation('order', kind);
    stack.defer(() => dropLocation(location));
    const earlier = Object.fromEntries(Object.entries(migrations).filter(([name]) => name < RENAMING));
    const old = await openDatabase<OrderTables>({ location, migrations: earlier, seed });
    await sql`insert into placements (customer_id, idempotency_key, order_id, wish, currency, lines, started_at)
    values ('customer-1', 'key-1', 'order-1', '[{"quantity":2}]', 'EUR', '[]', now())`.execute(old.db);
    await sql`insert into owed_releases (order_id) values ('order-2')`.execute(old.db);
    await old.close();

    const current = await openDatabase<OrderTables>({ location, migrations, seed });
    stack.defer(current.close);
    const placement = await findPlacement(current.db, 'customer-1', 'key-1');
    expect(placement).toMatchObject({ order_id: 'order-1', request: '[{"quantity":2}]', placed: false });
    expect(await pendingReleases(current.db)).toEqual(['order-2']);
  },
);
