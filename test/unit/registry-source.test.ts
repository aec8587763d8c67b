import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { exportSPKI } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { ConfigError } from '../../router/config/yaml/read-yaml.ts';
import { compose } from '../../router/supergraph/compose.ts';
import { createSupergraphSources } from '../../router/supergraph/sources/create-sources.ts';
import { newKeys, startSigningRegistry } from '../support/servers/signing-registry.ts';
import type { SigningRegistry } from '../support/servers/signing-registry.ts';
import { createClock } from '../support/time/clock.ts';
import { until } from '../support/time/until.ts';

/** The registry as a source of supergraphs, without a router: real HTTP, signed releases, a fake clock. */

const sdls = { first: sdlOf('a: Int'), second: sdlOf('a: Int b: Int'), third: sdlOf('a: Int c: Int') };
const folder = await mkdtemp(join(tmpdir(), 'tributary-registry-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(folder, String((folders += 1)));

function sdlOf(fields: string): string {
  const sdl = `type Query { ${fields} }`;
  const composed = compose([{ name: 's', url: 'http://s.example/graphql', sdl, place: 's' }]);
  if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.findings));
  return composed.supergraphSdl;
}

type Options = {
  readonly watch?: boolean;
  readonly keepIn?: string;
  readonly key?: string;
  readonly publicKey?: string;
  readonly restoredAt?: string;
  readonly maxBytes?: number;
};

function open(registry: SigningRegistry, options: Options = {}) {
  const { watch = false, keepIn = newFolder(), maxBytes = 1_000_000, ...settings } = options;
  const source = { url: registry.web.origin, key: registry.apiKey, graph: 'shop@production', ...settings };
  const supergraph = { sources: [{ registry: source, maxBytes, timeoutMs: 1_000 }], watch, keepIn };
  const clock = createClock();
  const { supergraph: config } = parseConfig(JSON.stringify({ supergraph }), {
    env: {},
    fileName: 'router.yaml',
    directory: '/',
  });
  const compose = () => Promise.reject(new Error('bug: nothing is composed'));
  const sources = createSupergraphSources(config, { env: {}, compose, random: () => 1, ...clock });
  const [one] = sources.list;
  if (one === undefined || sources.stored === undefined) throw new Error('no source');
  const { stored } = sources;
  return { clock, sources, source: one, stored, [Symbol.asyncDispose]: () => sources[Symbol.asyncDispose]() };
}

const supergraph = (sdl: string, sequence: number) => ({
  kind: 'supergraph',
  sdl,
  release: expect.objectContaining({ sequence }),
});
const rejected = (reason: string | RegExp) => ({
  kind: 'rejected',
  reasons: [typeof reason === 'string' ? expect.stringContaining(reason) : expect.stringMatching(reason)],
});

test('loads the released supergraph and its canary, once', async () => {
  await using registry = await startSigningRegistry();
  await registry.release({ sdl: sdls.first, canary: sdls.second });
  await using opened = open(registry);
  const loaded = { ...supergraph(sdls.first, 1), canary: { kind: 'supergraph', sdl: sdls.second } };
  expect(await opened.source.load()).toMatchObject(loaded);
  expect(await opened.source.load()).toMatchObject(loaded);
  const { origin, requests } = registry.web;
  expect(opened.source.name).toBe(`shop@production at ${origin}/`);
  expect(requests.map(({ path }) => path.replace(/[\da-f]{64}/, 'SHA256'))).toEqual([
    '/artifacts/shop/production/release',
    '/.well-known/jwks.json',
    '/artifacts/shop/supergraphs/SHA256',
    '/artifacts/shop/supergraphs/SHA256',
    '/artifacts/shop/production/release',
  ]);
  expect(requests.map(({ headers }) => headers.authorization)).toEqual([
    `Bearer ${registry.apiKey}`,
    undefined,
    ...Array.from({ length: 3 }, () => `Bearer ${registry.apiKey}`),
  ]);

  // The promotion and the rollback after it transfer no supergraph.
  await registry.release({ sdl: sdls.second });
  expect(await opened.source.load()).toMatchObject(supergraph(sdls.second, 2));
  await registry.release({ sdl: sdls.first });
  expect(await opened.source.load()).toMatchObject(supergraph(sdls.first, 3));
  expect(requests).toHaveLength(7);
});

test('serves a release whose canary cannot be served, and reports why', async () => {
  await using registry = await startSigningRegistry();
  await using opened = open(registry);
  await registry.release({ sdl: sdls.first, canary: 'type Query { a: Missing }' });
  expect(await opened.source.load()).toMatchObject({
    ...supergraph(sdls.first, 1),
    canary: { kind: 'rejected', reasons: [expect.stringContaining('Missing')] },
  });
  registry.intercept = ({ path }) => (path.includes('/supergraphs/') ? { status: 500 } : undefined);
  await registry.release({ sdl: sdls.first, canary: sdls.second });
  const unavailable = {
    kind: 'unavailable',
    reasons: [expect.stringContaining('responded with status 500')],
  };
  expect(await opened.source.load()).toMatchObject({ ...supergraph(sdls.first, 2), canary: unavailable });
  registry.intercept = () => undefined;
  const canary = { kind: 'supergraph', sdl: sdls.second };
  expect(await opened.source.load()).toMatchObject({ ...supergraph(sdls.first, 2), canary });
});

test('rejects a release that was altered, replayed or made for another graph, with the reason', async () => {
  await using registry = await startSigningRegistry();
  await using opened = open(registry);
  const load = () => opened.source.load();
  await registry.release({ sdl: sdls.first, sequence: 5 });
  const fifth = registry.current();
  expect(await load()).toMatchObject(supergraph(sdls.first, 5));

  const [head, payload = '', signature] = fifth.split('.');
  const text = Buffer.from(payload, 'base64url').toString().replace('"sequence":5', '"sequence":9');
  registry.send(`${head}.${Buffer.from(text).toString('base64url')}.${signature}`);
  expect(await load()).toEqual(
    rejected('the signature of the release does not match: the release was altered, or signed with another'),
  );

  const own = registry.keys;
  registry.keys = await newKeys();
  await registry.release({ sdl: sdls.second, sequence: 6 });
  expect(await load()).toEqual(rejected('or signed with another key'));
  registry.keys = own;

  for (const garbage of ['', 'x'.repeat(5_000), '\u0000.\u0000.\u0000']) {
    registry.send(garbage);
    expect(await load()).toEqual(rejected('the response is not a signed release'));
  }
  await registry.release({ sdl: sdls.second, sequence: 6, variant: 'test' });
  expect(await load()).toEqual(rejected('the release is one of shop@test, expected one of shop@production'));

  await registry.release({ sdl: sdls.second, sequence: 4 });
  expect(await load()).toMatchObject({
    ...rejected(
      /sequence 4, but this router has already received 5: .*set `supergraph.registry.restoredAt` to its time/,
    ),
    release: { sequence: 4 },
  });
  await registry.release({ sdl: sdls.second, sequence: 5 });
  expect(await load()).toMatchObject(
    rejected(/sequence 5 of another release that this router has already received: two registries/),
  );

  registry.intercept = ({ path }) => (path.includes('/supergraphs/') ? { body: sdls.third } : undefined);
  await registry.release({ sdl: sdls.second, sequence: 7 });
  expect(await load()).toMatchObject({
    ...rejected(/the content has the SHA-256 [\da-f]{64}, expected [\da-f]{64}$/),
    release: { sequence: 7 },
  });
  registry.intercept = () => undefined;
  expect(await load()).toMatchObject(supergraph(sdls.second, 7));

  await registry.release({ sdl: 'type Query { a: Missing }', sequence: 8 });
  expect(await load()).toMatchObject({ ...rejected('Missing'), release: { sequence: 8 } });
  expect(await load()).toMatchObject({ ...rejected('Missing'), release: { sequence: 8 } });
});

test('trusts only the key that is pinned or configured', async () => {
  await using registry = await startSigningRegistry();
  await registry.release({ sdl: sdls.first });
  const other = await newKeys();
  const publicKey = await exportSPKI(other.publicKey);
  {
    await using opened = open(registry, { publicKey });
    expect(await opened.source.load()).toEqual(rejected('signed with another key'));
  }
  {
    await using opened = open(registry, { publicKey: await exportSPKI(registry.keys.publicKey) });
    expect(await opened.source.load()).toMatchObject(supergraph(sdls.first, 1));
  }
  registry.intercept = ({ path }) => (path.includes('release') ? { body: registry.current() } : undefined);
  await using opened = open(registry, { key: 'trib_1_secret_AAAAAAAAAAAAAAAA' });
  expect(await opened.source.load()).toEqual(
    rejected(
      /has no signing key AAAAAAAAAAAAAAAA, which `supergraph.registry.key` pins \(it has [\w-]{16}\)/,
    ),
  );
});

test('is unavailable while the registry fails, within its limits, and never shows the key', async () => {
  await using registry = await startSigningRegistry();
  await registry.release({ sdl: sdls.first });
  await using opened = open(registry, { maxBytes: 2_000 });
  const load = async () => {
    const loaded = await opened.source.load();
    expect(JSON.stringify(loaded)).not.toContain('secret');
    return loaded;
  };
  const unavailable = (reason: string) => ({
    kind: 'unavailable',
    reasons: [expect.stringContaining(reason)],
  });
  const place = `${registry.web.origin}/artifacts/shop/production/release`;
  for (const [status, reason] of [
    [401, '401: the registry rejects `supergraph.registry.key`: the key has expired'],
    [403, '403: `supergraph.registry.key` has no access to shop@production'],
    [404, '404: the registry has no release of shop@production: nothing was published to it'],
    [503, 'responded with status 503'],
    [307, 'responded with status 307, redirects are not followed'],
    [304, 'responded with status 304'],
  ] as const) {
    registry.intercept = () => ({ status, headers: { location: '/elsewhere' } });
    expect(await load()).toEqual(unavailable(`${place}: responded with status ${status}`));
    expect(await load()).toEqual(unavailable(reason));
  }
  registry.intercept = () => ({ body: 'x'.repeat(2_001) });
  expect(await load()).toMatchObject(rejected('the response exceeds the limit of 2000 bytes (`maxBytes`)'));
  registry.intercept = ({ path }) => (path.includes('jwks') ? { body: '<html>' } : undefined);
  expect(await load()).toEqual(unavailable('jwks.json: '));
  registry.intercept = ({ path }) => (path.includes('jwks') ? { body: '{"keys":5}' } : undefined);
  expect(await load()).toEqual(rejected('the registry sends no JSON Web Key Set'));

  // The response ends before its announced length.
  registry.intercept = () => ({ headers: { 'content-length': '1000' }, body: 'x' });
  expect(await load()).toMatchObject({ kind: 'unavailable' });

  const received = Promise.withResolvers<undefined>();
  registry.intercept = () => {
    received.resolve(undefined);
    return 'hang';
  };
  const loading = load();
  await received.promise;
  opened.clock.advance(1_000);
  expect(await loading).toEqual(unavailable('no complete response within 1000 ms'));
  await registry.web.stop();
  expect(await load()).toEqual(unavailable('ECONNREFUSED'));
});

describe('with `watch`', () => {
  /** Opens the source and loads it at each change, as the router does. */
  async function follow(registry: SigningRegistry) {
    const opened = open(registry, { watch: true });
    const loads: unknown[] = [];
    const load = async () => void loads.push(await opened.source.load());
    opened.sources.onChange(load);
    await load();
    const loaded = (count: number) => until(() => loads.length >= count, 20_000);
    return { ...opened, loads, loaded, [Symbol.asyncDispose]: () => opened.sources[Symbol.asyncDispose]() };
  }

  const waits = ({ web }: SigningRegistry) => web.requests.filter(({ path }) => path.includes('wait='));

  test('loads each release as soon as it is made, by one request that waits', async () => {
    await using registry = await startSigningRegistry();
    await registry.release({ sdl: sdls.first });
    await using opened = await follow(registry);
    await until(() => waits(registry).length === 1, 20_000);
    await registry.release({ sdl: sdls.second });
    expect(await opened.loaded(2)).toBe(true);
    expect(opened.loads).toMatchObject([supergraph(sdls.first, 1), supergraph(sdls.second, 2)]);
    expect(await until(() => waits(registry).length === 2, 20_000)).toBe(true);
    expect(waits(registry).map(({ path }) => path)).toEqual(
      Array.from({ length: 2 }, () => '/artifacts/shop/production/release?wait=25'),
    );
  });

  test('reconnects with rising delays, and reports when the registry fails and when it is back', async () => {
    await using registry = await startSigningRegistry();
    await registry.release({ sdl: sdls.first });
    await using opened = await follow(registry);
    await until(() => waits(registry).length === 1, 20_000);
    await registry.web.stop();
    expect(await opened.loaded(2)).toBe(true);
    for (const [index, delayMs] of [250, 500, 1_000, 2_000, 2_000].entries()) {
      await setImmediate();
      opened.clock.advance(delayMs - 1);
      await setImmediate();
      expect(opened.loads).toHaveLength(2 + index);
      opened.clock.advance(1);
      expect(await opened.loaded(3 + index)).toBe(true);
    }
    expect(opened.loads.slice(1)).toEqual(
      Array.from({ length: 6 }, () => ({ kind: 'unavailable', reasons: [expect.any(String)] })),
    );
    await registry.web.restart();
    await setImmediate();
    opened.clock.advance(2_000);
    expect(await opened.loaded(8)).toBe(true);
    expect(opened.loads.at(-1)).toMatchObject(supergraph(sdls.first, 1));
    expect(await until(() => waits(registry).length > 1, 20_000)).toBe(true);
    await registry.release({ sdl: sdls.second });
    expect(await opened.loaded(9)).toBe(true);
    expect(opened.loads.at(-1)).toMatchObject(supergraph(sdls.second, 2));
  });

  test('does not flood a registry that does not wait, or that sends a rejected release again', async () => {
    await using registry = await startSigningRegistry();
    await registry.release({ sdl: sdls.first });
    const unchanged = () => ({ status: 304 });
    await using opened = await follow(registry);
    await until(() => waits(registry).length === 1, 20_000);
    registry.intercept = ({ headers }) => (headers['if-none-match'] ? unchanged() : undefined);
    registry.send(registry.current(), '"changed"');
    expect(await opened.loaded(2)).toBe(true);
    await setImmediate();
    expect(opened.loads).toHaveLength(2);

    // A registry without ETags sends the same altered release at once to every request.
    registry.intercept = () => undefined;
    registry.send('altered', '');
    opened.clock.advance(250);
    expect(await opened.loaded(4)).toBe(true);
    await setImmediate();
    expect(opened.loads).toHaveLength(4);
    expect(opened.loads.slice(2)).toEqual([rejected('not a signed'), rejected('not a signed')]);

    await registry.release({ sdl: sdls.second });
    opened.clock.advance(250);
    expect(await opened.loaded(5)).toBe(true);
    expect(opened.loads.at(-1)).toMatchObject(supergraph(sdls.second, 2));
  });

  test('waits for the release after a rejected one', async () => {
    await using registry = await startSigningRegistry();
    await registry.release({ sdl: sdls.first });
    await using opened = await follow(registry);
    await until(() => waits(registry).length === 1, 20_000);
    registry.send('altered');
    expect(await opened.loaded(2)).toBe(true);
    expect(await until(() => waits(registry).length === 2, 20_000)).toBe(true);
    await registry.release({ sdl: sdls.second });
    expect(await opened.loaded(3)).toBe(true);
    expect(opened.loads.slice(1)).toMatchObject([rejected('not a signed'), supergraph(sdls.second, 2)]);
    expect(waits(registry)[1]?.path).toMatch(/wait=10$/);
  });
});

describe('on disk', () => {
  test('the sequence outlives the process, and a restore of the registry resets it once', async () => {
    await using registry = await startSigningRegistry();
    const keepIn = newFolder();
    const loadWith = async (options: Options = {}) => {
      await using opened = open(registry, { keepIn, ...options });
      return await opened.source.load();
    };
    await registry.release({ sdl: sdls.first, sequence: 10 });
    const tenth = registry.current();
    expect(await loadWith()).toMatchObject(supergraph(sdls.first, 10));
    await registry.release({ sdl: sdls.second, sequence: 12 });
    expect(await loadWith()).toMatchObject(supergraph(sdls.second, 12));
    registry.send(tenth);
    expect(await loadWith()).toMatchObject(rejected('sequence 10, but this router has already received 12'));
    // The clock of the tests begins in 2030.
    expect(await loadWith({ restoredAt: '2029-12-31T23:00:00Z' })).toMatchObject(rejected('received 12'));

    const restoredAt = '2030-01-01T00:00:00.001Z';
    expect(await loadWith({ restoredAt })).toMatchObject(supergraph(sdls.first, 10));
    await writeFile(join(keepIn, 'releases', 'shop@production.other.99.json'), '{}');
    expect(await loadWith()).toMatchObject(supergraph(sdls.first, 10));
    await registry.release({ sdl: sdls.second, sequence: 9 });
    expect(await loadWith()).toMatchObject(rejected('already received 10'));
  });

  test('the stored supergraph is the one of the release, and must come from a configured registry', async () => {
    await using registry = await startSigningRegistry();
    const keepIn = newFolder();
    const file = join(keepIn, 'supergraph.graphql');
    await registry.release({ sdl: sdls.first });
    await using opened = open(registry, { keepIn });
    const loaded = await opened.source.load();
    if (loaded.kind !== 'supergraph') throw new Error(JSON.stringify(loaded));
    await opened.stored.save(loaded, opened.source.name);
    const text = await readFile(file, 'utf8');
    expect(text).not.toContain('secret');
    expect(await opened.stored.load()).toMatchObject(supergraph(sdls.first, 1));

    await using other = open(registry, { keepIn, key: 'trib_1_secret_AAAAAAAAAAAAAAAA' });
    expect(await other.stored.load()).toEqual(
      rejected(/^[^:]*supergraph.graphql: the stored release is not valid here: it is signed with a key/),
    );
    const altered = { sdl: sdls.second, signed: loaded.signed };
    if (loaded.signed === undefined) throw new Error('the release is not signed');
    await opened.stored.save({ ...altered, signed: loaded.signed }, opened.source.name);
    expect(await opened.stored.load()).toEqual(rejected('the release names another supergraph'));
    await opened.stored.save({ sdl: sdls.second }, 'a file');
    expect(await opened.stored.load()).toEqual(rejected('was not stored by a router with a registry'));
  });
});

describe('the configuration', () => {
  const problems = (value: unknown, env: Readonly<Record<string, string>> = {}) => {
    try {
      const { supergraph } = parseConfig(JSON.stringify(value), {
        env,
        fileName: 'router.yaml',
        directory: folder,
      });
      return supergraph;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.problems;
    }
  };
  const key = 'trib_1_s3cr3t_AAAAAAAAAAAAAAAA';
  const registry = { url: 'http://127.0.0.1:4010', key, graph: 'shop@production' };

  test('names the graph, its variant and a key that pins the signing key', () => {
    const cases = [
      [{ graph: 'shop' }, /supergraph.registry.graph: must be GRAPH@VARIANT, such as shop@production/],
      [
        { key: 's3cr3t' },
        /registry.key: must be a key that the registry has created \(trib_…\), or set `pub/,
      ],
      [
        { key: 'trib_s3cr3t blank_AAAAAAAAAAAAAAAA' },
        /registry.key: must be printable ASCII without spaces$/,
      ],
      [{ url: 'shop' }, /registry.url: must be the HTTP address of the registry/],
    ] as const;
    for (const [settings, reason] of cases) {
      const found = problems({ supergraph: { registry: { ...registry, ...settings } } });
      expect(found).toEqual([expect.stringMatching(reason)]);
      expect(JSON.stringify(found)).not.toContain('s3cr3t');
    }
    expect(problems({ supergraph: { registry, file: 'a.graphql' } })).toEqual([
      expect.stringContaining('only one of file, url, oci, registry and sources is allowed'),
    ]);
    expect(problems({ graphs: { partner: { path: '/partner', contract: 'partner' } } })).toEqual([
      expect.stringContaining('graphs.partner.contract: requires `supergraph.registry`'),
    ]);
  });

  test('SUPERGRAPH may name a graph and variant of the registry in the environment', () => {
    const env = { SUPERGRAPH: 'shop@production', TRIBUTARY_REGISTRY: registry.url, TRIBUTARY_KEY: key };
    const yaml = { supergraph: { sources: [{ url: 'http://a' }] } };
    expect(problems(yaml, env)).toMatchObject({ registry, sources: undefined, file: undefined });
    expect(problems(yaml, { ...env, SUPERGRAPH: '/a.graphql' })).toMatchObject({ file: '/a.graphql' });
    expect(problems(yaml, { SUPERGRAPH: 'shop@production' })).toEqual([
      expect.stringContaining('must be the HTTP address of the registry (`TRIBUTARY_REGISTRY`'),
      expect.stringContaining('must be an API key of the registry (`TRIBUTARY_KEY`'),
    ]);
  });

  test('stores the supergraph in a folder of the system or beside the configuration by default', () => {
    expect(problems({ supergraph: { registry } }, { STATE_DIRECTORY: '/state:/other' })).toMatchObject({
      keepIn: '/state/shop@production',
    });
    expect(problems({ supergraph: { registry } })).toMatchObject({
      keepIn: expect.stringMatching(/\/\.?tributary\/shop@production$/),
    });
    expect(problems({ supergraph: { registry, keepIn: 'kept' } })).toMatchObject({
      keepIn: join(folder, 'kept'),
    });
    expect(problems({ supergraph: { file: 'a' } })).toMatchObject({ keepIn: undefined });
  });
});
