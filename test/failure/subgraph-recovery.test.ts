import { describe, expect, it } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { json, page, reset, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import type { Behaviour } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

const ROUTERS = 4;
const TICK_MS = 20;
/** Calls of all routers within 100 ms, while the subgraph is healthy. */
const STEADY = (ROUTERS * 100) / TICK_MS;

/** Returns the maximum number of calls within 100 ms, after the subgraph has failed for six seconds. */
async function maxCalls(failure: Behaviour) {
  let behaviour = json({ data: { a: 1 } });
  await using subgraph = await startStubSubgraph(() => behaviour);
  await using routers = new AsyncDisposableStack();
  const ones = Array.from({ length: ROUTERS }, (_, index) =>
    routers.use(poolOf([subgraph.url], {}, { random: () => (index + 0.5) / ROUTERS })),
  );
  const perTenth: number[] = [];
  const run = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      const before = subgraph.requests.length;
      for (let tick = 0; tick < 100; tick += TICK_MS) {
        await Promise.all(ones.map((one) => one.call()));
        for (const one of ones) one.clock.advance(TICK_MS);
      }
      perTenth.push(subgraph.requests.length - before);
    }
  };

  await run(1_000);
  expect(perTenth).toEqual(Array(10).fill(STEADY));
  behaviour = failure;
  await run(6_000);
  expect(ones.map((one) => one.breaker())).not.toContain('closed');
  const sinceOpen = perTenth.length;
  behaviour = json({ data: { a: 1 } });
  await run(12_000);
  expect(ones.map((one) => one.breaker())).toEqual(Array(ROUTERS).fill('closed'));
  expect(perTenth.at(-1)).toBe(STEADY);
  return Math.max(...perTenth.slice(sinceOpen));
}

describe.each([
  ['responds with 503', page(503)],
  ['drops connections', reset()],
])('a subgraph that %s', (what, failure) => {
  it('is not overloaded by four routers while it recovers', async (context) => {
    const max = await maxCalls(failure);
    const name = `maximum calls of 4 routers to a recovering subgraph that ${what}, relative to the steady rate`;
    recordMeasurement(context, name, (max / STEADY).toFixed(2));
    expect(max).toBeLessThanOrEqual(1.5 * STEADY);
  });
});
