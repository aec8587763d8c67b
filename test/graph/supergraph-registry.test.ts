import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startBooks, startOn } from '../support/graphs/book-router.ts';
import { REF, startTestRegistry } from '../support/registry/test-registry.ts';
import type { TestRegistry } from '../support/registry/test-registry.ts';
import { freePort } from '../support/servers/free-port.ts';
import { startSigningRegistry } from '../support/servers/signing-registry.ts';
import type { SigningRegistry } from '../support/servers/signing-registry.ts';
import { dropLocation, testLocation } from '../support/subgraphs/shop-subgraph.ts';
import { createClock } from '../support/time/clock.ts';
import { until } from '../support/time/until.ts';

/** Routers that follow a registry, also one that is down, lost, restored or hostile. */

const LIMIT_MS = 60_000;

function following(registry: SigningRegistry, settings: Readonly<Record<string, unknown>> = {}) {
  const { apiKey: key, web } = registry;
  return { registry: { url: web.origin, key, graph: REF }, keepIn: 'kept', ...settings };
}

test('serves each release at once, rejects an altered one, and reports both', async () => {
  await using books = await startBooks();
  await using registry = await startSigningRegistry();
  await registry.release({ sdl: books.sdl('first') });
  await using router = await startOn(books.folder, following(registry));
  expect(await until(() => router.serves('first'), LIMIT_MS)).toBe(true);
  await registry.release({ sdl: books.sdl('second'), launch: 7 });
  expect(await until(() => router.serves('second'), LIMIT_MS)).toBe(true);
  const before = registry.current();

  const [head, , signature] = before.split('.');
  registry.send(`${head}.${Buffer.from('{"version":1}').toString('base64url')}.${signature}`);
  const rejected = () => router.lines('supergraph rejected');
  expect(await until(() => rejected().length > 0, LIMIT_MS)).toBe(true);
  expect(await router.serves('second')).toBe(true);
  const source = `shop@production at ${registry.web.origin}/`;
  const reasons = [expect.stringContaining('the signature of the release does not match')];
  expect(rejected()).toMatchObject([{ source, reasons }]);
  const release = { graph: REF, sequence: 2, launch: 7, since: expect.stringMatching(/Z$/) };
  expect(await router.json('/state')).toMatchObject({
    supergraph: {
      serving: { kind: 'registry', source, release },
      rejected: { reasons },
      rejections: [{ source, reasons }],
    },
  });
  expect(await router.gauges('tributary_registry_')).toEqual(
    expect.arrayContaining([
      `tributary_registry_sequence{graph="${REF}"} 2`,
      `tributary_registry_launch{graph="${REF}"} 7`,
    ]),
  );
  const isReported = () => registry.reports.some(({ rejections }) => (rejections as unknown[]).length > 0);
  expect(await until(isReported, LIMIT_MS)).toBe(true);
  const { instance } = registry.reports[0] ?? {};
  expect(registry.reports.at(-1)).toEqual({
    instance,
    routerVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
    startedAt: expect.any(String),
    sequence: 2,
    serving: { launch: 7, since: release.since },
    canary: null,
    rejections: [{ reasons, at: expect.any(String) }],
    canaryStats: null,
    decision: null,
  });
  expect(router.lines('supergraph activated')).toMatchObject([
    { sequence: 1, launch: 1 },
    { sequence: 2, launch: 7 },
  ]);

  // A rollback is a release like any other, and needs no check of the supergraph.
  await registry.release({ sdl: books.sdl('first') });
  expect(await until(() => router.serves('first'), LIMIT_MS)).toBe(true);
  const shown = JSON.stringify([router.log, await router.json('/state'), await router.json('/health/ready')]);
  expect(shown).not.toContain('trib_');
});

test('starts from the stored release without the registry, and rejects an older one afterwards', async () => {
  await using books = await startBooks();
  await using registry = await startSigningRegistry();
  await registry.release({ sdl: books.sdl('first') });
  const first = registry.current();
  await registry.release({ sdl: books.sdl('second') });
  {
    await using router = await startOn(books.folder, following(registry));
    expect(await until(() => router.serves('second'), LIMIT_MS)).toBe(true);
  }
  expect(await readdir(join(books.folder, 'kept'))).toEqual(['releases', 'supergraph.graphql']);

  await registry.web.stop();
  {
    await using router = await startOn(books.folder, following(registry));
    expect(await router.serves('second')).toBe(true);
    const release = { sequence: 2, launch: 2 };
    const supergraph = { serving: { kind: 'stored', release }, sources: [{ available: false }] };
    expect(await router.json('/state')).toMatchObject({ supergraph });

    // The registry is back, but sends an old release.
    registry.send(first);
    await registry.web.restart();
    expect(await until(() => router.lines('supergraph rejected').length > 0, LIMIT_MS)).toBe(true);
    expect(router.lines('supergraph rejected')).toMatchObject([
      { sequence: 1, reasons: [expect.stringContaining('this router has already received 2')] },
    ]);
    expect(await router.serves('second')).toBe(true);
    await registry.release({ sdl: books.sdl('third') });
    expect(await until(() => router.serves('third'), LIMIT_MS)).toBe(true);
    expect(await router.json('/state')).toMatchObject({
      supergraph: { serving: { kind: 'registry', release: { sequence: 3 } }, rejected: null },
    });
  }

  // A registry that accepts connections and never responds delays the start by at most 2 s.
  const received = Promise.withResolvers<undefined>();
  registry.intercept = () => {
    received.resolve(undefined);
    return 'hang';
  };
  const clock = createClock();
  const starting = startOn(books.folder, following(registry), clock);
  await received.promise;
  clock.advance(2_000);
  await using router = await starting;
  expect(await router.serves('third')).toBe(true);
});

test('serves a published contract as a graph, and 404 while it is not published', async () => {
  await using books = await startBooks();
  await using registry = await startSigningRegistry();
  const sdl = books
    .sdl('margin')
    .replace('margin: Int', 'margin: Int @tag(name: "internal")')
    .replace(
      'directive @link',
      'directive @tag(name: String!) repeatable on FIELD_DEFINITION\ndirective @link',
    )
    .replace('schema', 'schema @link(url: "https://specs.apollo.dev/tag/v0.3")');
  await registry.release({ sdl });
  const graphs = { partner: { path: '/partner', contract: 'partner' } };
  await using router = await startOn(books.folder, following(registry), {}, { graphs });
  const status = async (field: string) => {
    const response = await fetch(new URL('/partner', router.router.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: `{ books { ${field} } }` }),
    });
    await response.text();
    return response.status;
  };
  expect(await until(() => router.serves('margin'), LIMIT_MS)).toBe(true);
  expect(await status('pages')).toBe(404);
  expect(router.lines('supergraph activated with deviations')).toMatchObject([
    { warnings: expect.arrayContaining([expect.stringContaining('the release has no contract partner')]) },
  ]);
  await registry.release({ sdl, contracts: [{ name: 'partner', include: [], exclude: ['internal'] }] });
  expect(await until(async () => (await status('pages')) === 200, LIMIT_MS)).toBe(true);
  expect([await status('margin'), await router.serves('margin')]).toEqual([400, true]);
});

test('logs once that the registry does not accept its reports', async () => {
  await using books = await startBooks();
  await using registry = await startSigningRegistry();
  registry.intercept = ({ method }) => (method === 'POST' ? { status: 500 } : undefined);
  await registry.release({ sdl: books.sdl('first') });
  const clock = createClock();
  await using router = await startOn(books.folder, following(registry), { ...clock, random: () => 0.5 });
  const posts = () => registry.web.requests.filter(({ method }) => method === 'POST').length;
  for (const count of [1, 2, 3]) {
    expect(await until(() => posts() === count, LIMIT_MS)).toBe(true);
    const failures = `tributary_registry_reports_total{outcome="failed"} ${count}`;
    expect(await until(async () => (await router.gauges(failures)).length === 1, LIMIT_MS)).toBe(true);
    if (count === 2) registry.intercept = () => undefined;
    clock.advance(10_000);
    if (count === 2) break;
  }
  expect(await until(() => router.lines('registry report accepted again').length === 1, LIMIT_MS)).toBe(true);
  expect(router.lines('registry report failed')).toMatchObject([
    { level: 'warn', reason: expect.stringContaining('responded with status 500') },
  ]);
});

// Starts five registries one after another, and each prepares its database.
test(
  'keeps serving while the real registry is down, restored from a backup, lost or replaced',
  { timeout: 300_000 },
  async () => {
    await using books = await startBooks();
    const location = await testLocation('registry', 'embedded');
    if (location.kind !== 'folder') throw new Error('the registry has no folder');
    await using _ = { [Symbol.asyncDispose]: () => dropLocation(location) };
    const backup = { ...location, path: `${location.path}-backup` };
    const sdl = (field: string) => books.service.sdl.replace('pages: Int', `pages: Int ${field}: Int`);
    const publish = async (to: TestRegistry, field: string) =>
      to.publish('books', sdl(field), { routingUrl: books.service.url, allowBreaking: true });

    let registry = await startTestRegistry({ database: location, settings: { port: await freePort() } });
    const { port, adminKey } = registry;
    const restart = (database: typeof location, key: string | undefined = adminKey) =>
      startTestRegistry({
        database,
        settings: { port },
        ...(key !== undefined && { adminKey: key }),
      });
    await publish(registry, 'first');
    const key = await registry.createKey('READ');
    const settings = { registry: { url: registry.url, key, graph: REF }, keepIn: 'kept' };
    await using router = await startOn(books.folder, settings);
    expect(await until(() => router.serves('first'), LIMIT_MS)).toBe(true);
    const rejection = async (reason: RegExp) =>
      until(
        () => router.lines('supergraph rejected').some((line) => reason.test(String(line['reasons']))),
        LIMIT_MS,
      );

    await registry.close();
    await cp(location.path, backup.path, { recursive: true });
    expect(await until(() => router.lines('supergraph source unavailable').length > 0, LIMIT_MS)).toBe(true);
    expect(await router.serves('first')).toBe(true);
    registry = await restart(location);
    await publish(registry, 'second');
    expect(await until(() => router.serves('second'), LIMIT_MS)).toBe(true);

    const routers = async () => {
      const { data } = await registry.call(
        `{ variant(ref: "${REF}") { routers { serving sequence rejections { sequence reasons } } } }`,
      );
      return data.variant.routers as readonly { serving: number; rejections: readonly unknown[] }[];
    };
    expect(await until(async () => (await routers())[0]?.serving === 2, LIMIT_MS)).toBe(true);

    // The backup knows only the first release.
    await registry.close();
    registry = await restart(backup);
    expect(await rejection(/sequence 1, but this router has already received 2: .*restoredAt/)).toBe(true);
    expect(await router.serves('second')).toBe(true);
    const reported = async () => (await routers()).flatMap(({ rejections }) => rejections);
    expect(await until(async () => (await reported()).length > 0, LIMIT_MS)).toBe(true);
    expect(await reported()).toMatchObject([
      { sequence: 1, reasons: [expect.stringContaining('already received 2')] },
    ]);
    await publish(registry, 'third');
    expect(await rejection(/sequence 2 of another release that this router has already received/)).toBe(true);
    await publish(registry, 'fourth');
    expect(await until(() => router.serves('fourth'), LIMIT_MS)).toBe(true);

    // Another registry at the same address does not know the key, and signs with another one.
    await registry.close();
    await using replaced = await startTestRegistry({ settings: { port } });
    await publish(replaced, 'fifth');
    const rejectsKey = () => JSON.stringify(router.lines('supergraph source unavailable').at(-1));
    expect(
      await until(() => /the registry rejects `supergraph.registry.key`/.test(rejectsKey()), LIMIT_MS),
    ).toBe(true);
    expect(await router.serves('fourth')).toBe(true);
    expect(JSON.stringify(router.log)).not.toContain(key);
  },
);
