import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startBreakableRedis } from '../support/servers/breakable-redis.ts';
import type { BreakableRedis } from '../support/servers/breakable-redis.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';

const REQUESTS = 150;
const APART_MS = 10;

type ReceivedResponse = { readonly status: number; readonly ms: number };

/** Sends a request every few milliseconds, whether or not earlier ones have finished. */
async function askSteadily(
  graph: SmallGraph,
  during: (index: number) => Promise<void> | void,
): Promise<ReceivedResponse[]> {
  const responses: Promise<ReceivedResponse>[] = [];
  for (let index = 0; index < REQUESTS; index++) {
    await during(index);
    responses.push(ask(graph));
    await delay(APART_MS);
  }
  return Promise.all(responses);
}

async function ask(graph: SmallGraph): Promise<ReceivedResponse> {
  const began = performance.now();
  const response = await graph.post({ query: '{ book(id: 1) { title } }' });
  await response.arrayBuffer();
  return { status: response.status, ms: performance.now() - began };
}

function slowest(responses: readonly ReceivedResponse[]): number {
  return Math.round(Math.max(...responses.map(({ ms }) => ms)));
}

const LOSSES: readonly [string, (redis: BreakableRedis) => Promise<void> | void][] = [
  ['killed', (redis) => redis.kill()],
  ['frozen', (redis) => redis.freeze()],
];

describe.each(LOSSES)('Redis %s under traffic', (name, lose) => {
  test('causes no failed request', async (context) => {
    await using redis = await startBreakableRedis();
    await using graph = await startSmallGraph({
      services: LIBRARY,
      config: `redis: { url: "${redis.url}" }\nrateLimit: { enabled: true, anonymous: { points: 100000 } }`,
    });
    await ask(graph);
    const healthy = await askSteadily(graph, () => undefined);
    const faulty = await askSteadily(graph, (index) => (index === REQUESTS / 3 ? lose(redis) : undefined));
    redis.thaw();

    recordMeasurement(context, `slowest request before Redis was ${name}, ms`, slowest(healthy));
    recordMeasurement(context, `slowest request after Redis was ${name}, ms`, slowest(faulty));
    expect(new Set([...healthy, ...faulty].map(({ status }) => status))).toEqual(new Set([200]));
    expect(graph.log.some(({ msg, state }) => msg === 'redis connection changed' && state === 'lost')).toBe(
      true,
    );
  });
});
