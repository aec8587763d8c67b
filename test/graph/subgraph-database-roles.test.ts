import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startInventory } from '../../subgraphs/inventory/server.ts';
import { startOrder } from '../../subgraphs/order/server.ts';
import { startProduct } from '../../subgraphs/product/server.ts';
import { startShipping } from '../../subgraphs/shipping/server.ts';
import { startUser } from '../../subgraphs/user/server.ts';
import { startTestSubgraph } from '../support/subgraphs/shop-subgraph.ts';

const starters = {
  order: startOrder,
  product: startProduct,
  user: startUser,
  shipping: startShipping,
  inventory: startInventory,
};
const names = ['order', 'product', 'user', 'shipping', 'inventory'] as const;
const firstTable = {
  order: 'orders',
  product: 'products',
  user: 'users',
  shipping: 'shipments',
  inventory: 'stock',
};
const script = readFileSync(join(import.meta.dirname, '..', '..', 'deploy', 'postgres', 'roles.sql'), 'utf8');
const server = process.env['DATABASE_URL'] ?? '';
const database = `roles_${randomBytes(6).toString('hex')}`;

beforeAll(async () => {
  await run(server, `create database ${database}`);
  // One schema and its tables exist before, created by the superuser.
  await using _ = await startTestSubgraph('order', startOrder, { database: locationOf('order', urlOf()) });
  await run(urlOf(), asPsqlReadsIt(script));
});

afterAll(async () => {
  await run(server, `drop database ${database} with (force)`);
  for (const name of names) await run(server, `drop role "${name}"`);
});

test('each subgraph of the image works with the role that roles.sql creates', async () => {
  for (const name of names) {
    await using subgraph = await startTestSubgraph(name, starters[name], {
      database: locationOf(name, urlOf(name)),
    });
    expect((await fetch(`${subgraph.origin}/health/ready`)).status).toBe(200);
    const rows = await run(urlOf(name), `select count(*)::int as count from "${name}"."${firstTable[name]}"`);
    expect(rows[0]?.['count']).toBeGreaterThan(0);
  }
});

test('no role can access the tables of another, or create objects elsewhere', async () => {
  for (const name of names) {
    for (const other of names.filter((each) => each !== name))
      await expect(run(urlOf(name), `select * from "${other}"."${firstTable[other]}"`)).rejects.toThrow(
        `permission denied for schema ${other}`,
      );
    await expect(run(urlOf(name), 'create table public.mine ()')).rejects.toThrow('permission denied');
    await expect(run(urlOf(name), 'create schema mine')).rejects.toThrow('permission denied');
  }
});

/** Returns the SQL that psql sends: without psql commands, and with variables replaced. */
function asPsqlReadsIt(text: string): string {
  return text
    .replaceAll(/^\\.*$/gm, '')
    .replaceAll(':"database"', database)
    .replaceAll(/:'(\w+)_password'/g, "'secret-$1'");
}

function urlOf(role?: (typeof names)[number]): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  if (role !== undefined) {
    url.username = role;
    url.password = `secret-${role}`;
  }
  return url.href;
}

function locationOf(name: string, url: string) {
  return { kind: 'postgres', schema: name, url } as const;
}

async function run(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement);
    return rows;
  } finally {
    await client.end();
  }
}
