import { GraphQLError } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Of } from '../../router/persisted-operations/registry.ts';
import type { RolloutStatus } from '../../router/rollout/rollout-report.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startCanaryGraph } from '../support/graphs/canary-graph.ts';
import type { CanaryGraph, CanaryGraphOptions } from '../support/graphs/canary-graph.ts';
import { WITHOUT_THREADS } from '../support/graphs/without-threads.ts';
import { startService } from '../support/subgraphs/service.ts';
import type { Service } from '../support/subgraphs/service.ts';

// Launch 1 is served; 2 is a healthy launch; 3 returns errors; 4 removes a field and calls the subgraph of
// launch 1; 5 has a URL on which no process listens; 6 has a URL that is not allowed.
const SDL = 'type Query { book: String pages: Int slow: String }';
const gate = Promise.withResolvers<void>();
let services: readonly Service[] = [];
let launches: CanaryGraphOptions['launches'] = {};

beforeAll(async () => {
  const failing = () => {
    throw new GraphQLError('no books today');
  };
  const healthy = await startService({
    sdl: SDL,
    resolvers: { Query: { book: () => 'Middlemarch', slow: () => gate.promise.then(() => 'done') } },
  });
  const next = await startService({
    sdl: `${SDL} extend type Query { isbn: String }`,
    resolvers: { Query: { book: () => 'Moby-Dick' } },
  });
  const broken = await startService({ sdl: SDL, resolvers: { Query: { book: failing } } });
  services = [healthy, next, broken];
  launches = {
    1: { books: healthy },
    2: { books: next },
    3: { books: { sdl: `${SDL} scalar Three`, url: broken.url } },
    4: { books: { sdl: SDL.replace('pages: Int', ''), url: healthy.url } },
    5: { books: { sdl: `${SDL} scalar Five`, url: 'http://127.0.0.1:9/graphql' } },
    6: { books: { sdl: `${SDL} scalar Six`, url: 'file:///books' } },
  };
});

afterAll(async () => {
  await Promise.all(services.map((service) => service[Symbol.asyncDispose]()));
});

/**
 * Sends one request of each caller and returns the versions that handled them, by caller. By default each
 * request is sent after the response to the previous one.
 */
async function askAll(
  graph: CanaryGraph,
  callers: number,
  { query = '{ book }', atOnce = 1 }: { readonly query?: string; readonly atOnce?: number } = {},
): Promise<readonly string[]> {
  const versions: string[] = [];
  const ask = async (caller: number) => {
    const response = await graph.ask(caller, query);
    await response.text();
    return response.headers.get('x-supergraph-version') ?? `status ${response.status}`;
  };
  for (let first = 0; first < callers; first += atOnce) {
    const asked = Array.from({ length: Math.min(atOnce, callers - first) }, (_, index) => ask(first + index));
    versions.push(...(await Promise.all(asked)));
  }
  return versions;
}

/** Returns the callers that a version did not serve. */
function others(versions: readonly string[], version: string | undefined): readonly number[] {
  return versions.flatMap((other, caller) => (other === version ? [] : [caller]));
}

async function rolloutOf({ router }: CanaryGraph): Promise<RolloutStatus> {
  const response = await fetch(`${router.adminUrl}/state`);
  return ((await response.json()) as { rollout: RolloutStatus }).rollout;
}

async function breakersOf({ router }: CanaryGraph) {
  const response = await fetch(`${router.adminUrl}/state`);
  const { subgraphs } = (await response.json()) as { subgraphs: { breaker: string; usedBy?: string }[] };
  return subgraphs.map(({ breaker, usedBy = 'all' }) => `${breaker}, used by ${usedBy}`);
}

describe('a canary', () => {
  it('serves a fixed share of the callers, each of them always the same launch', async () => {
    await using graph = await startCanaryGraph({ launches });
    await graph.release(1);
    const [serving] = await askAll(graph, 1);
    await graph.release(1, { launch: 2, percent: 5, began: 2 });
    const askMany = () => askAll(graph, 400, { atOnce: 20 });
    const first = await askMany();
    expect(await askMany()).toEqual(first);
    const few = others(first, serving);
    expect(few).toHaveLength(17);

    await graph.release(1, { launch: 2, percent: 25, began: 2, state: 'paused' });
    const more = others(await askMany(), serving);
    expect(more).toEqual(expect.arrayContaining([...few]));
    expect(more).toHaveLength(104);
    expect(await rolloutOf(graph)).toMatchObject({
      canary: { launch: 2, percent: 25, state: 'paused' },
      canaryStats: {
        launch: 2,
        percent: 25,
        canary: { requests: more.length, errors: 0 },
        baseline: { requests: 400 - more.length, errors: 0 },
      },
      decision: null,
    });
  });

  it('that returns errors is rolled back by the router alone, after 20 requests of its share', async (context) => {
    await using graph = await startCanaryGraph({ launches });
    await graph.release(1);
    const [serving] = await askAll(graph, 1);
    await graph.release(1, { launch: 3, percent: 10, began: 2 });
    const decisions: unknown[] = [];
    graph.router.onRollback((decision) => decisions.push(decision));
    const versions = await askAll(graph, 300);
    const reached = others(versions, serving);
    recordMeasurement(context, 'requests that a failing canary received, of 300', reached.length);
    expect(reached).toHaveLength(20);
    const before = (reached.at(-1) ?? 0) + 1;
    expect(reached.length / before).toBeLessThanOrEqual(0.1);
    const decision = {
      kind: 'rollback',
      launch: 3,
      began: 2,
      reason: `errors 20 of 20 (100.0 %) against 0 of ${before - 20} (0.0 %)`,
    };
    expect(decisions).toEqual([decision]);
    expect(await rolloutOf(graph)).toEqual({ canary: null, canaryStats: null, decision });
    expect(graph.log.filter(({ msg }) => msg === 'canary rolled back')).toMatchObject([
      { launch: 3, reason: decision.reason },
    ]);
    const metrics = await (await fetch(`${graph.router.adminUrl}/metrics`)).text();
    expect(metrics).toContain('tributary_supergraphs_total{outcome="rolled back"} 1');

    // The registry has not received the decision yet, and goes on to the next step.
    await graph.release(1, { launch: 3, percent: 25, began: 2 });
    expect(others(await askAll(graph, 50), serving)).toEqual([]);
    // A release that begins the canary anew is a decision of an operator.
    await graph.release(1, { launch: 3, percent: 25, began: 4 });
    expect(others(await askAll(graph, 20), serving)).not.toEqual([]);
  });

  it('becomes the supergraph of all callers when a release serves it, without being built again', async () => {
    let builds = 0;
    const { createPlanner } = WITHOUT_THREADS;
    await using graph = await startCanaryGraph({
      launches,
      parts: {
        createPlanner: async (options) => {
          builds += 1;
          return (await createPlanner?.(options)) ?? Promise.reject(new Error('no planner'));
        },
      },
    });
    await graph.release(1);
    await graph.release(1, { launch: 2, percent: 25 });
    await graph.release(2);
    expect(builds).toBe(2);
    // A rollback to the supergraph that was served before builds nothing either.
    await graph.release(1);
    expect(await (await graph.ask(1, '{ book }')).json()).toEqual({ data: { book: 'Middlemarch' } });
    await graph.release(2);
    expect(builds).toBe(2);
    // Only one is kept, and not beyond a change of the configuration.
    await graph.configure('traffic: { deadlineMs: 12345 }');
    expect(builds).toBe(3);
    await graph.release(1);
    expect(builds).toBe(4);
    await graph.release(2);
    expect(builds).toBe(4);
    const responses = await Promise.all([1, 2, 3, 4].map((caller) => graph.ask(caller, '{ book }')));
    for (const response of responses) expect(await response.json()).toEqual({ data: { book: 'Moby-Dick' } });
    expect(await rolloutOf(graph)).toEqual({ canary: null, canaryStats: null, decision: null });
  });

  it('keeps requests in flight when a release ends it', async () => {
    await using graph = await startCanaryGraph({ launches });
    await graph.release(1);
    await graph.release(1, { launch: 4, percent: 99.9 });
    const versions = await askAll(graph, 5);
    const [books] = services;
    const before = books?.calls.length ?? 0;
    const asked = graph.ask(0, '{ slow }');
    await expect.poll(() => books?.calls.length).toBe(before + 1);
    await graph.release(1);
    const [after] = await askAll(graph, 1);
    gate.resolve();
    const response = await asked;
    expect(await response.json()).toEqual({ data: { slow: 'done' } });
    expect(response.headers.get('x-supergraph-version')).toBe(versions[0]);
    expect(after).not.toBe(versions[0]);
  });

  it('counts operations that it rejects and the other callers may send, but not invalid ones', async () => {
    await using graph = await startCanaryGraph({ launches });
    await graph.release(1);
    await graph.release(1, { launch: 4, percent: 50 });
    await askAll(graph, 30, { query: '{ missing }' });
    await askAll(graph, 30, { query: '{ book' });
    const counts = async () => {
      const { canaryStats } = await rolloutOf(graph);
      return [canaryStats?.canary.requests, canaryStats?.canary.errors, canaryStats?.baseline.errors];
    };
    expect(await counts()).toEqual([0, 0, 0]);
    const versions = await askAll(graph, 30, { query: '{ pages }' });
    const rejected = versions.filter((version) => version === 'status 400').length;
    expect(rejected).toBeGreaterThan(5);
    expect(await counts()).toEqual([rejected, rejected, 0]);
  });

  it('counts persisted operations of a contract that it rejects', async () => {
    const { url } = launches[1]?.['books'] ?? { url: '' };
    const tagged = (fields: string) => `
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@tag"])
      type Query { book: String ${fields} secret: Int @tag(name: "internal") }`;
    await using graph = await startCanaryGraph({
      launches: { 1: { books: { sdl: tagged('pages: Int'), url } }, 2: { books: { sdl: tagged(''), url } } },
      config: 'graphs: { public: { path: /public, exclude: [internal] } }',
    });
    const query = '{ pages }';
    const extensions = { persistedQuery: { version: 1, sha256Hash: sha256Of(query) } };
    const post = async (caller: number, body: object) => {
      const response = await fetch(new URL('/public', graph.router.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': `10.0.0.${caller}` },
        body: JSON.stringify(body),
      });
      return response.text();
    };
    await graph.release(1);
    await post(0, { query, extensions });
    await graph.release(1, { launch: 2, percent: 50 });
    const bodies: string[] = [];
    for (let caller = 0; caller < 30; caller += 1) bodies.push(await post(caller, { extensions }));
    const rejected = bodies.filter((body) => body.includes('PERSISTED_QUERY_NOT_FOUND')).length;
    expect(rejected).toBeGreaterThan(5);
    expect(await rolloutOf(graph)).toMatchObject({
      canaryStats: { canary: { requests: rejected, errors: rejected }, baseline: { errors: 0 } },
    });
  });

  it('opens only its own circuit breaker, also where it calls the same URL', async () => {
    const config = 'traffic: { all: { breaker: { consecutiveFailures: 3, openMs: 60000 }, retries: 0 } }';
    await using graph = await startCanaryGraph({ launches, config });
    await graph.release(1);
    await graph.release(1, { launch: 5, percent: 50 });
    await askAll(graph, 20);
    expect(await breakersOf(graph)).toEqual(['closed, used by all', 'open, used by canary']);
    const metrics = await (await fetch(`${graph.router.adminUrl}/metrics`)).text();
    expect(metrics).toContain('tributary_breaker_open{subgraph="books",scope="subgraph"} 0');
    expect(await rolloutOf(graph)).toMatchObject({
      canaryStats: { baseline: { breakerOpenings: 0 }, canary: { breakerOpenings: 1 } },
    });
    await graph.release(1, { launch: 4, percent: 50 });
    expect(await breakersOf(graph)).toEqual(['closed, used by all', 'closed, used by canary']);
    // After the promotion the breakers of the canary are those of all callers.
    await graph.release(4);
    expect(await breakersOf(graph)).toEqual(['closed, used by previous', 'closed, used by all']);
  });

  it('that cannot be built is rolled back with the reason, and an earlier canary ends', async () => {
    await using graph = await startCanaryGraph({ launches });
    await graph.release(1);
    await graph.release(1, { launch: 2, percent: 50 });
    await graph.release(1, { launch: 6, percent: 50 });
    expect(new Set(await askAll(graph, 20)).size).toBe(1);
    const { canary, decision } = await rolloutOf(graph);
    expect(canary).toBeNull();
    expect(decision?.launch).toBe(6);
    expect(decision?.reason).toContain('the router cannot serve the canary: ');
    expect(decision?.reason).toContain('file:///books');
  });

  it('stays active when the configuration changes, with counts that begin again', async () => {
    await using graph = await startCanaryGraph({ launches });
    await graph.release(1);
    await graph.release(1, { launch: 2, percent: 50 });
    const before = await askAll(graph, 20);
    await graph.configure('traffic: { deadlineMs: 12345 }');
    expect(await askAll(graph, 20)).toEqual(before);
    const { canary, canaryStats } = await rolloutOf(graph);
    const canaryRequests = before.filter((version) => version === canary?.version).length;
    expect(canaryStats?.canary.requests).toBe(canaryRequests);
    expect(canaryStats?.baseline.requests).toBe(20 - canaryRequests);
  });
});
