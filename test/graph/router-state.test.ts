import { performance } from 'node:perf_hooks';
import { afterAll, describe, expect, test } from 'vitest';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';

/**
 * Tests of the state of supergraph and breakers for operators: readiness, `/state` and gauges on the admin
 * port.
 */
describe('the admin port', () => {
  const clock = { laterMs: 0 };
  const started = startSmallGraph({
    services: LIBRARY,
    config: 'supergraph: { watch: false }',
    parts: {
      now: () => Date.parse('2026-05-04T03:02:01Z') + clock.laterMs,
      monotonic: () => performance.now() + clock.laterMs,
    },
  });
  afterAll(async () => (await started)[Symbol.asyncDispose]());

  const get = async (path: string) => fetch(new URL(path, (await started).router.adminUrl));
  const json = async (path: string) => (await get(path)).json();
  const gauges = async (name: string) => {
    const lines = (await (await get('/metrics')).text()).split('\n');
    return lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length));
  };
  const version = async () =>
    (await (await started).post({ query: '{ books { id } }' })).headers.get('x-supergraph-version');

  test('names the serving supergraph and its age', async () => {
    const serving = { version: await version(), since: '2026-05-04T03:02:01.000Z' };
    clock.laterMs = 90_000;
    const supergraph = {
      serving: { ...serving, ageS: expect.toSatisfy((age) => age >= 90) },
      rejected: null,
    };
    expect(await json('/health/ready')).toMatchObject({ status: 'UP', supergraph });
    expect(await json('/state')).toMatchObject({ supergraph });
    expect(await gauges('tributary_supergraph_serving')).toEqual([`{version="${serving.version}"} 1`]);
    const [age] = await gauges('tributary_supergraph_age_seconds ');
    expect(Number(age)).toBeGreaterThanOrEqual(90);
    expect(await gauges('tributary_supergraph_rejected{')).toEqual([]);
  });

  test('names a rejected supergraph and its reason until the source matches the serving one', async () => {
    const graph = await started;
    const rejections = () => graph.log.filter(({ msg }) => msg === 'supergraph rejected').length;
    const good = graph.supergraphYaml();
    await graph.publish(graph.supergraphYaml({ books: 'type Query { a: Missing }' }));
    await graph.router.reload();
    await graph.router.reload();
    expect(rejections()).toBe(1);
    const rejected = {
      since: '2026-05-04T03:03:31.000Z',
      reasons: [expect.stringContaining('error INVALID_GRAPHQL (subgraph books')],
    };
    expect(await json('/health/ready')).toMatchObject({ status: 'UP', supergraph: { rejected } });
    expect(await json('/state')).toMatchObject({ supergraph: { rejected } });
    expect(await gauges('tributary_supergraph_rejected')).toEqual([
      '{version="none",reason="INVALID_GRAPHQL"} 1',
    ]);

    await graph.publish(good);
    await graph.router.reload();
    const msg = 'supergraph source matches the active supergraph again';
    const restored = graph.log.filter((line) => line['msg'] === msg);
    expect(restored).toMatchObject([{ level: 'info', generation: await version() }]);
    expect(await json('/state')).toMatchObject({ supergraph: { rejected: null } });
    expect(await gauges('tributary_supergraph_rejected{')).toEqual([]);
  });

  test('names the version of a rejected supergraph that could be composed', async () => {
    const graph = await started;
    const good = graph.supergraphYaml();
    await graph.publish(good.replaceAll(/routing_url: .*/g, 'routing_url: ftp://host'));
    await graph.router.reload();
    expect(await json('/state')).toMatchObject({
      supergraph: { rejected: { reasons: [expect.any(String), expect.any(String)] } },
    });
    const sdl =
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12") @link(url: "https://specs.apollo.dev/connect/v0.2", import: ["@connect"]) type Query { newest: Int @connect(http: { GET: "http://127.0.0.1:9" }, selection: "$") }';
    await graph.publish(graph.supergraphYaml({ reviews: sdl }));
    await graph.router.reload();
    const state = (await json('/state')) as { supergraph: { rejected: { version: string } } };
    expect(state.supergraph.rejected.version).toMatch(/^[0-9a-f]{12}$/);
    expect(await gauges('tributary_supergraph_rejected')).toEqual([
      `{version="${state.supergraph.rejected.version}",reason="UNSUPPORTED_FEATURE"} 1`,
    ]);
  });

  test('has a breaker gauge for every subgraph from the start, and for fields that have a breaker', async () => {
    const { router } = await started;
    const breakers = () => gauges('tributary_breaker_open');
    const closed = ['{subgraph="books",scope="subgraph"} 0', '{subgraph="reviews",scope="subgraph"} 0'];
    expect(await breakers()).toEqual(closed);

    router.applyBreakerCommand({ subgraph: 'books', field: 'Book.title', state: 'open' });
    expect(await breakers()).toEqual([closed[0], '{subgraph="books",scope="Book.title"} 1', closed[1]]);
    expect(await json('/state')).toMatchObject({
      subgraphs: [
        {
          subgraph: 'books',
          state: 'partly-open',
          breaker: 'closed',
          fields: [{ field: 'Book.title', breaker: 'open', forced: true }],
        },
        { subgraph: 'reviews', state: 'closed', breaker: 'closed', fields: [] },
      ],
    });

    router.applyBreakerCommand({ subgraph: 'reviews', state: 'open' });
    expect((await breakers()).at(-1)).toBe('{subgraph="reviews",scope="subgraph"} 1');
    router.applyBreakerCommand({ subgraph: 'reviews', state: 'auto' });
    expect((await breakers()).at(-1)).toBe('{subgraph="reviews",scope="subgraph"} 0.5');
    expect(await json('/state')).toMatchObject({ subgraphs: [{}, { state: 'half-open' }] });
  });
});
