import { expect, it } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

it('rejects calls beyond the bulkhead immediately, and leaves the breaker of the healthy subgraph closed', async (context) => {
  const finish: (() => void)[] = [];
  await using subgraph = await startStubSubgraph(() => (response, request) => {
    finish.push(() => json({ data: { a: 1 } })(response, request));
  });
  await using one = poolOf([subgraph.url], {
    maxConcurrent: 5,
    breaker: { consecutiveFailures: 1, minCalls: 1 },
  });

  const admitted = Array.from({ length: 5 }, () => one.call());
  await subgraph.received(5);
  const rejected = await Promise.all(Array.from({ length: 40 }, () => one.fail()));
  expect(rejected[0]).toEqual({
    code: 'SUBGRAPH_OVERLOADED',
    service: 'inventory',
    message: 'too many calls to inventory are in flight',
    retryAfterMs: 1_000,
    isUnsent: true,
  });
  expect(new Set(rejected.map(({ code }) => code))).toEqual(new Set(['SUBGRAPH_OVERLOADED']));
  const opened = one.events.filter((event) => event.startsWith('breaker')).length;
  recordMeasurement(
    context,
    `wrongly opened breakers after ${rejected.length} calls that the bulkhead rejected`,
    opened,
  );
  expect([one.breaker(), opened]).toEqual(['closed', 0]);

  for (const respond of finish) respond();
  const kinds = (await Promise.all(admitted)).map(({ kind }) => kind);
  expect(kinds).toEqual(Array(5).fill('received'));
});
