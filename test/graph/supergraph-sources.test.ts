import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { compose } from '../../router/supergraph/compose.ts';
import { startBooks, startOn } from '../support/graphs/book-router.ts';
import { startOciRegistry } from '../support/servers/oci-registry.ts';
import { startWebServer } from '../support/servers/web-server.ts';
import { createClock } from '../support/time/clock.ts';
import { until } from '../support/time/until.ts';

/** Routers whose supergraph comes over HTTP, from a registry or from the stored copy. */

test('follows a URL at each poll, keeps what it serves while the URL is down, and reports both', async () => {
  await using books = await startBooks();
  const clock = createClock();
  let body = books.sdl('first');
  await using web = await startWebServer(() => ({ body }));
  const url = `${web.origin}/books.graphql`;
  await using router = await startOn(books.folder, { url }, { schedule: clock.schedule, random: () => 0.5 });
  expect(await router.serves('first')).toBe(true);

  body = books.sdl('second');
  await clock.advanceAsync(10_000);
  expect(await until(() => router.serves('second'), 20_000)).toBe(true);

  await web.stop();
  await router.router.reload();
  await router.router.reload();
  expect(await router.serves('second')).toBe(true);
  const version = expect.stringMatching(/^[0-9a-f]{12}$/);
  const reasons = [expect.stringContaining('ECONNREFUSED')];
  expect(router.lines('supergraph source unavailable')).toMatchObject([
    { level: 'warn', source: url, reasons, serving: version },
  ]);
  const source = { source: url, kind: 'url', available: false, ageS: expect.any(Number), reasons };
  const supergraph = { serving: { version, source: url, kind: 'url' }, rejected: null, sources: [source] };
  expect(await router.json('/state')).toMatchObject({ supergraph });
  expect(await router.json('/health/ready')).toMatchObject({ status: 'UP', supergraph });
  expect(await router.gauges('tributary_supergraph_source{')).toEqual([
    `tributary_supergraph_source{source="${url}",kind="url"} 1`,
  ]);
  expect(await router.gauges('tributary_supergraph_source_age_seconds{')).toEqual([
    expect.stringMatching(/\{source="http:[^"]*books.graphql"\} \d+$/),
  ]);

  await web.restart();
  body = 'type Query { a: Missing }';
  await router.router.reload();
  expect(router.lines('supergraph source available again')).toMatchObject([{ source: url }]);
  expect(router.lines('supergraph rejected')).toMatchObject([{ source: url, serving: version }]);
  expect(await router.serves('second')).toBe(true);
});

test('does not poll while it drains', async () => {
  await using books = await startBooks();
  const clock = createClock();
  await using web = await startWebServer(() => ({ body: books.sdl('first') }));
  const supergraph = { url: `${web.origin}/books.graphql` };
  const shutdown = { lameDuckMs: 1, graceMs: 1 };
  await using router = await startOn(books.folder, supergraph, { schedule: clock.schedule }, { shutdown });
  const before = web.requests.length;
  await clock.advanceAsync(12_000);
  expect(await until(() => web.requests.length === before + 1, 20_000)).toBe(true);
  await router.router.drain();
  await clock.advanceAsync(60_000);
  await router.router.reload();
  expect(web.requests).toHaveLength(before + 1);
});

test('starts with the first source that delivers, goes back to a better one, and not to a worse one', async () => {
  await using books = await startBooks();
  await using registry = await startOciRegistry();
  await using web = await startWebServer(() => ({ body: books.sdl('mirror') }));
  const oci = `oci://${new URL(registry.web.origin).host}/shop/graph:prod`;
  await writeFile(join(books.folder, 'shipped.graphql'), books.sdl('shipped'));
  const sources = [{ oci }, { url: web.origin }, { file: 'shipped.graphql' }];
  await web.stop();
  await using router = await startOn(books.folder, { sources, watch: false });
  expect(await router.serves('shipped')).toBe(true);
  const kinds = async () => {
    const { supergraph } = (await router.json('/state')) as {
      supergraph: { serving: { kind: string }; rejected: { source: string } | null };
    };
    return { kind: supergraph.serving.kind, rejected: supergraph.rejected?.source };
  };
  expect(await kinds()).toEqual({ kind: 'file', rejected: undefined });

  // A rejected supergraph of a better source does not prevent the next one from being followed.
  registry.push('prod', 'type Query { a: Missing }');
  await web.restart();
  await router.router.reload();
  expect(await router.serves('mirror')).toBe(true);
  await router.router.reload();
  expect(await kinds()).toEqual({ kind: 'url', rejected: oci });
  expect(router.lines('supergraph rejected')).toHaveLength(1);

  registry.push('prod', books.sdl('registry'));
  await router.router.reload();
  expect(await router.serves('registry')).toBe(true);
  expect(await kinds()).toEqual({ kind: 'oci', rejected: undefined });

  await registry.web.stop();
  await router.router.reload();
  expect(await router.serves('registry')).toBe(true);
});

/** No time passes: on a busy machine a start may take longer than the 2 s that a source has at the start. */
const timeless = () => ({ schedule: createClock().schedule });

test('starts with the stored supergraph while source and subgraph are down, and follows the source again', async () => {
  await using books = await startBooks();
  let body = books.sdl('first');
  await using web = await startWebServer(() => ({ body }));
  const supergraph = { url: web.origin, keepIn: 'kept', watch: false };
  const file = join(books.folder, 'kept', 'supergraph.graphql');
  {
    await using router = await startOn(books.folder, supergraph, timeless());
    expect(await router.serves('first')).toBe(true);
    expect(await readFile(file, 'utf8')).toMatch(/^# tributary sha256:[0-9a-f]{64} from http:.*\nschema/);
    body = 'no supergraph';
    await router.router.reload();
    expect(await readFile(file, 'utf8')).toContain(books.sdl('first'));
  }
  await web.stop();
  await books.service[Symbol.asyncDispose]();

  await using router = await startOn(books.folder, supergraph, timeless());
  // The response has no books, because their subgraph is down, but the operation is served.
  expect(await router.serves('first')).toBe(true);
  const msg = 'no source delivers a supergraph, the stored one is served';
  expect(router.lines(msg)).toMatchObject([{ level: 'warn', source: expect.stringMatching(/kept/) }]);
  const status = {
    serving: { kind: 'stored', source: expect.stringMatching(/supergraph\.graphql$/) },
    sources: [{ kind: 'url', available: false }],
  };
  expect(await router.json('/state')).toMatchObject({ supergraph: status });
  expect(await router.json('/health/ready')).toMatchObject({ status: 'UP', supergraph: status });
  expect(await router.gauges('tributary_supergraph_source{')).toEqual([
    expect.stringMatching(/kind="stored"\} 1$/),
  ]);

  await web.restart();
  body = books.sdl('second');
  await router.router.reload();
  expect(await router.serves('second')).toBe(true);
  expect(await readFile(file, 'utf8')).toContain(books.sdl('second'));
  expect(await router.json('/state')).toMatchObject({ supergraph: { serving: { kind: 'url' } } });
});

test('uses the stored supergraph 2 s after the start while a source does not respond', async () => {
  await using books = await startBooks();
  const body = books.sdl('first');
  await using web = await startWebServer(() => ({ body }));
  const supergraph = { url: web.origin, keepIn: 'kept', watch: false };
  await (await startOn(books.folder, supergraph, timeless()))[Symbol.asyncDispose]();

  const received = Promise.withResolvers<undefined>();
  web.respond = () => {
    received.resolve(undefined);
    return undefined;
  };
  const clock = createClock();
  const starting = startOn(books.folder, supergraph, { schedule: clock.schedule });
  await received.promise;
  clock.advance(2_000);
  await using router = await starting;
  expect(await router.serves('first')).toBe(true);
  expect(await router.json('/state')).toMatchObject({ supergraph: { serving: { kind: 'stored' } } });

  // The load that was in flight at the start fails in its own time, and the source is loaded again.
  web.respond = () => ({ body: books.sdl('second') });
  clock.advance(2_000);
  expect(await until(() => router.serves('second'), 20_000)).toBe(true);
});

test('a source that does not respond at the start takes no time from the next one', async () => {
  await using books = await startBooks();
  await using web = await startWebServer(() => undefined);
  const { url } = books.service;
  await writeFile(
    join(books.folder, 'supergraph.yaml'),
    JSON.stringify({ subgraphs: { books: { routing_url: url, schema: { sdl: books.service.sdl } } } }),
  );
  const composed = Promise.withResolvers<undefined>();
  const clock = createClock();
  const sources = [{ url: web.origin, timeoutMs: 60_000 }, { file: 'supergraph.yaml' }];
  const starting = startOn(
    books.folder,
    { sources, keepIn: 'kept', watch: false },
    {
      schedule: clock.schedule,
      compose: async (subgraphs) => {
        composed.resolve(undefined);
        return compose(subgraphs);
      },
    },
  );
  await composed.promise;
  await setImmediate();
  clock.advance(3_000);
  await using router = await starting;
  expect(await router.serves('pages')).toBe(true);
  expect(await router.json('/state')).toMatchObject({ supergraph: { serving: { kind: 'file' } } });
});

test('serves the stored supergraph when the configuration does not fit the new one, else does not start', async () => {
  await using books = await startBooks();
  let body = books.sdl('first');
  await using web = await startWebServer(() => ({ body }));
  const supergraph = { url: web.origin, keepIn: 'kept', watch: false };
  const fallbacks = { degradation: { fallbacks: { 'Book.first': 1 } } };
  await (await startOn(books.folder, supergraph, timeless(), fallbacks))[Symbol.asyncDispose]();

  body = books.sdl('second');
  {
    await using router = await startOn(books.folder, supergraph, timeless(), fallbacks);
    expect(await router.serves('first')).toBe(true);
    expect(await router.json('/health/ready')).toMatchObject({ status: 'UP' });
    expect(router.lines('supergraph rejected')).toMatchObject([
      { source: `${web.origin}/`, reasons: [expect.stringContaining('has no field Book.first')] },
    ]);
  }
  await rm(join(books.folder, 'kept'), { recursive: true });
  await expect(startOn(books.folder, supergraph, timeless(), fallbacks)).rejects.toMatchObject({
    name: 'ConfigError',
  });
});

test('is not ready with a damaged stored supergraph, nor without any, and serves when a source delivers', async () => {
  await using books = await startBooks();
  await using web = await startWebServer(() => ({ status: 404 }));
  const supergraph = { url: web.origin, keepIn: '.', watch: false };
  await writeFile(join(books.folder, 'supergraph.graphql'), '# tributary sha256:0 from x\ntype Query');
  await using router = await startOn(books.folder, supergraph, timeless());
  expect(await router.json('/health/ready')).toMatchObject({ status: 'DOWN', reasons: ['no supergraph'] });
  expect(router.lines('supergraph rejected')).toMatchObject([
    { reasons: [expect.stringContaining('the file is damaged')] },
  ]);
  web.respond = () => ({ body: books.sdl('first') });
  await router.router.reload();
  expect(await router.serves('first')).toBe(true);
  expect(await router.json('/state')).toMatchObject({ supergraph: { rejected: null } });
});
