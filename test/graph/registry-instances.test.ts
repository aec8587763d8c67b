import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DatabaseLocation } from '../../database/database.ts';
import { findProgram, runProgram } from '../support/processes/run-program.ts';
import { startTestRegistry } from '../support/registry/test-registry.ts';
import type { TestRegistry } from '../support/registry/test-registry.ts';
import { caseCount } from '../support/runs/case-count.ts';
import { breakableConnectionTo } from '../support/servers/breakable-connection.ts';
import { createFreshDatabase } from '../support/servers/fresh-database.ts';
import { databaseKinds, dropLocation, testLocation } from '../support/subgraphs/shop-subgraph.ts';
import { until } from '../support/time/until.ts';

// `npm test -- --thorough` publishes a thousand times.
const PUBLISHES = caseCount(40, 1_000);
vi.setConfig({ testTimeout: caseCount(180_000, 600_000) });

const SUBGRAPHS = 5;
const sdl = (subgraph: number, field: number) => `type Query { s${subgraph}f${field}: Int }`;

type Release = { readonly sequence: number; readonly serving_launch: number; readonly jws: string };

/** Publishes everything at once, over all instances, and checks that the order is one and complete. */
async function expectOneOrder(instances: readonly TestRegistry[]) {
  const ref = 'shop@concurrent';
  const [first] = instances;
  await first?.publish('base', 'type Query { base: Int }', { ref });
  const published = await Promise.all(
    Array.from({ length: PUBLISHES }, async (_, index) => {
      const registry = instances[index % instances.length];
      const result = await registry?.publish(`s${index % SUBGRAPHS}`, sdl(index % SUBGRAPHS, index), { ref });
      return { index, number: result?.launch?.number ?? 0, status: result?.launch?.status };
    }),
  );
  const numbers = published.map(({ number }) => number).toSorted((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: PUBLISHES }, (_, index) => index + 2));
  expect(new Set(published.map(({ status }) => status))).toEqual(new Set(['SERVING']));
  // The last publish of each subgraph in the order of the launches is current.
  const { data } = (await first?.call(
    'query ($ref: ID!) { variant(ref: $ref) { subgraphs { name version launch sdl } serving { number } } }',
    { ref },
  )) ?? { data: undefined };
  const byNumber = published.toSorted((a, b) => b.number - a.number);
  const current = Array.from({ length: SUBGRAPHS }, (_, subgraph) => {
    const last = byNumber.find(({ index }) => index % SUBGRAPHS === subgraph);
    const versions = published.filter(({ index }) => index % SUBGRAPHS === subgraph).length;
    return {
      name: `s${subgraph}`,
      version: versions,
      launch: last?.number,
      sdl: sdl(subgraph, last?.index ?? -1),
    };
  });
  expect(data.variant.subgraphs.slice(1)).toEqual(current);
  expect(data.variant.serving.number).toBe(PUBLISHES + 1);
}

function payloadOf(jws: string): { readonly sequence: number } {
  return JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()) as { sequence: number };
}

test('concurrent publishes to an embedded registry have one order each, and none is lost', async () => {
  await using registry = await startTestRegistry();
  await expectOneOrder([registry]);
  const { data } = await registry.call('{ variant(ref: "shop@concurrent") { release { sequence } } }');
  expect(data.variant.release.sequence).toBe(PUBLISHES + 1);
});

describe.skipIf(!databaseKinds.includes('postgres'))('two registries on one Postgres', () => {
  let location: Extract<DatabaseLocation, { kind: 'postgres' }>;
  let client: Client;
  let a: TestRegistry;
  let b: TestRegistry;
  beforeAll(async () => {
    const created = await testLocation('registry', 'postgres');
    if (created.kind !== 'postgres') throw new Error('not a Postgres location');
    location = created;
    a = await startTestRegistry({ database: location });
    b = await startTestRegistry({ database: location, adminKey: a.adminKey });
    client = new Client({ connectionString: location.url, options: `-c search_path=${location.schema}` });
    await client.connect();
  });
  afterAll(async () => {
    await Promise.all([a.close(), b.close(), client.end()]);
    await dropLocation(location);
  });

  test('concurrent publishes have one order each, and none is lost', async () => {
    await expectOneOrder([a, b]);
    const { rows: releases } = await client.query<Release>(
      `select sequence, serving_launch, jws from releases where variant_id =
        (select id from variants where name = 'concurrent') order by sequence`,
    );
    expect(releases.map(({ sequence, serving_launch }) => [sequence, serving_launch])).toEqual(
      Array.from({ length: PUBLISHES + 1 }, (_, index) => [index + 1, index + 1]),
    );
    expect(releases.map(({ jws }) => payloadOf(jws).sequence)).toEqual(
      releases.map(({ sequence }) => sequence),
    );
  });

  test('a release by one instance ends the long polls of the other', async () => {
    const ref = 'shop@polled';
    await a.publish('a', sdl(0, 0), { ref });
    await a.publish('a', sdl(0, 1), { ref });
    const path = '/artifacts/shop/polled/release';
    const etag = (await b.get(path)).headers.get('etag') ?? '';
    const polled = b.get(`${path}?wait=60`, { 'if-none-match': etag });
    const rollback = await a.call('mutation ($ref: ID!) { rollback(ref: $ref) { sequence } }', { ref });
    expect(rollback.data).toEqual({ rollback: { sequence: 3 } });
    expect((await polled).headers.get('tributary-sequence')).toBe('3');
  });

  test('a publish whose instance dies leaves nothing, and the next one succeeds', async () => {
    const ref = 'shop@killed';
    await a.publish('a', sdl(0, 0), { ref });
    await client.query('begin');
    await client.query('lock table launches in exclusive mode');
    const killed = a.publish('a', sdl(0, 1), { ref });
    const waiting = `select pid from pg_locks where relation = '${location.schema}.launches'::regclass and not granted`;
    let pids: readonly { pid: number }[] = [];
    const isWaiting = async () => (pids = (await client.query<{ pid: number }>(waiting)).rows).length > 0;
    expect(await until(isWaiting, 20_000)).toBe(true);
    const next = b.publish('a', sdl(0, 2), { ref });
    for (const { pid } of pids) await client.query('select pg_terminate_backend($1)', [pid]);
    await expect(killed).rejects.toThrow('UNAVAILABLE');
    await client.query('rollback');
    expect(await next).toMatchObject({ launch: { number: 2, status: 'SERVING' } });
    const { data } = await a.call(
      'query ($ref: ID!) { variant(ref: $ref) { subgraphs { version sdl } release { sequence } launches(first: 9) { edges { node { number } } } } }',
      { ref },
    );
    expect(data.variant).toEqual({
      subgraphs: [{ version: 2, sdl: sdl(0, 2) }],
      release: { sequence: 2 },
      launches: { edges: [{ node: { number: 2 } }, { node: { number: 1 } }] },
    });
  });

  test('without its database a registry responds with 503 and a reason, and recovers', async () => {
    await a.publish('a', sdl(0, 0), { ref: 'shop@lost' });
    await using connection = await breakableConnectionTo(location.url);
    const database = { ...location, url: connection.url };
    await using registry = await startTestRegistry({ database, adminKey: a.adminKey });
    const etag = (await registry.get('/artifacts/shop/lost')).headers.get('etag') ?? '';
    const polled = registry.get('/artifacts/shop/lost?wait=60', { 'if-none-match': etag });
    connection.cut();
    expect((await polled).status).toBe(503);
    expect((await registry.get('/artifacts/shop/lost/release')).status).toBe(503);
    const response = await registry.get('/artifacts/shop/lost');
    expect([response.status, await response.json()]).toMatchObject([
      503,
      {
        errors: [
          { message: 'the database of the registry is unavailable', extensions: { code: 'UNAVAILABLE' } },
        ],
      },
    ]);
    const { status, errors } = await registry.call('{ graphs { name } }');
    expect([status, errors[0]?.extensions.code]).toEqual([503, 'UNAVAILABLE']);
    expect((await fetch(`${registry.url}/health?ready`)).status).toBe(503);
    expect((await fetch(`${registry.url}/health`)).status).toBe(200);
    connection.repair();
    expect((await registry.get('/artifacts/shop/lost')).status).toBe(200);
  });

  test('rejects a stored text that was changed', async () => {
    const ref = 'shop@damaged';
    await a.publish('a', sdl(0, 77), { ref });
    await client.query(`update documents set body = body || ' ' where sha256 = (select supergraph_sha256 from launches
      where variant_id = (select id from variants where name = 'damaged'))`);
    const response = await a.get('/artifacts/shop/damaged');
    expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('is damaged')]);
  });

  const folders = listFolders('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`);
  const [dump, restore] = ['pg_dump', 'pg_restore'].map(
    (name) => findProgram([name], folders) ?? findProgram([name]),
  );
  test.skipIf(dump === undefined || restore === undefined)(
    'a restored dump serves the same artifacts',
    async () => {
      const ref = 'shop@restored';
      await a.publish('a', sdl(0, 0), { ref });
      await a.publish('a', sdl(0, 1), { ref });
      await a.call('mutation ($ref: ID!) { rollback(ref: $ref) { sequence } }', { ref });
      await using restored = await createFreshDatabase();
      using folder = temporaryFolder();
      const file = join(folder.path, 'registry.dump');
      await runProgram(dump ?? '', ['--format=custom', `--file=${file}`, location.url]);
      await runProgram(restore ?? '', ['--exit-on-error', `--dbname=${restored.url}`, file]);
      await using registry = await startTestRegistry({
        database: { ...location, url: restored.url },
        adminKey: a.adminKey,
      });
      for (const path of ['/artifacts/shop/restored', '/artifacts/shop/restored/release']) {
        const [before, after] = [await a.get(path), await registry.get(path)];
        expect(await after.text()).toBe(await before.text());
        const { date: _, ...headers } = Object.fromEntries(before.headers);
        expect(Object.fromEntries(after.headers)).toMatchObject(headers);
      }
      expect(await registry.publish('a', sdl(0, 9), { ref })).toMatchObject({ launch: { number: 3 } });
    },
  );
});

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'tributary-dump-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function listFolders(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
