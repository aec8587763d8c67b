import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import type { Ledger } from './history.ts';
import { DELIVERED_PRODUCTS, MUTATED } from './operations.ts';

/** A database of this run, in which all subgraphs have their schemas. */
export type ShopDatabase = AsyncDisposable & {
  readonly url: string;
  /** Starts to count: existing pieces do not count as delivered. */
  readonly open: () => Promise<void>;
  readonly ledger: () => Promise<Ledger>;
};

export async function createShopDatabase(server: string): Promise<ShopDatabase> {
  const name = `chaos_${randomBytes(6).toString('hex')}`;
  await run(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  let before: ReadonlyMap<string, number> = new Map();
  return {
    url: url.href,
    async open() {
      before = await piecesOf(url.href);
    },
    async ledger() {
      const after = await piecesOf(url.href);
      const deliveries = [...after].map(([id, pieces]) => [id, pieces - (before.get(id) ?? 0)] as const);
      return { orders: await ordersOf(url.href), deliveries: new Map(deliveries) };
    },
    [Symbol.asyncDispose]: () => run(server, `drop database ${name} with (force)`).then(() => undefined),
  };
}

async function piecesOf(url: string): Promise<ReadonlyMap<string, number>> {
  const rows = await run(
    url,
    `select product_id as id, sum(available)::int as pieces from ${MUTATED.adjustStock}.stock
     where product_id = any($1) group by product_id`,
    [DELIVERED_PRODUCTS],
  );
  return new Map(rows.map(({ id, pieces }) => [String(id), Number(pieces)]));
}

async function ordersOf(url: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await run(
    url,
    `select idempotency_key as key, orders.id as id from "${MUTATED.placeOrder}".orders
     join "${MUTATED.placeOrder}".placements on placements.order_id = orders.id`,
  );
  const groups = Map.groupBy(rows, ({ key }) => String(key));
  return new Map([...groups].map(([key, all]) => [key, all.map(({ id }) => String(id))]));
}

async function run(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
