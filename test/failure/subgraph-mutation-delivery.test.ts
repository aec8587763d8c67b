import { expect, it } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { caseCount } from '../support/runs/case-count.ts';
import * as stub from '../support/subgraphs/stub-subgraph.ts';
import type { Behaviour } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

/** Number of batches of 50 mutations each. */
const BATCHES = caseCount(40, 200);

const FAULTS: readonly (readonly [string, Behaviour])[] = [
  ['reset', stub.reset()],
  ['broken off by a reset', stub.breakOff('reset')],
  ['ended early', stub.breakOff('end')],
  ['rejected with 503', stub.page(503)],
  ['followed by garbage', stub.garbage()],
];

it.each(FAULTS)('a mutation that is %s is delivered once and reported', async (_, behaviour) => {
  await using first = await stub.startStubSubgraph(() => behaviour);
  await using second = await stub.startStubSubgraph(() => behaviour);
  await using one = poolOf([first.url, second.url], { retries: 3 });
  expect(await one.call({ operation: 'mutation' })).toMatchObject({ kind: 'failed' });
  expect(first.requests.length + second.requests.length).toBe(1);
});

it('a mutation that times out is delivered once and reported', async () => {
  await using subgraph = await stub.startStubSubgraph(() => stub.hang());
  await using one = poolOf([subgraph.url]);
  const call = one.fail({ operation: 'mutation' });
  await subgraph.received(1);
  one.clock.advance(2_000);
  expect(await call).toMatchObject({ code: 'SUBGRAPH_TIMEOUT' });
  await subgraph.aborted(1);
  expect(subgraph.requests).toHaveLength(1);
});

it('completes a mutation although its client has disconnected', async () => {
  const gone = new AbortController();
  await using subgraph = await stub.startStubSubgraph(() => (response, request) => {
    gone.abort();
    stub.json({ data: { done: true } })(response, request);
  });
  await using one = poolOf([subgraph.url]);
  const response = await one.call({ operation: 'mutation', signal: gone.signal });
  expect(response).toEqual({ kind: 'received', data: { done: true }, errors: [] });
});

it('delivers both of two equal concurrent mutations', async () => {
  await using subgraph = await stub.startStubSubgraph(() => stub.json({ data: { done: true } }));
  await using one = poolOf([subgraph.url]);
  await Promise.all([one.call({ operation: 'mutation' }), one.call({ operation: 'mutation' })]);
  expect(subgraph.requests).toHaveLength(2);
});

it('delivers each mutation at most once under faults, and reports every loss', async (context) => {
  const behaviours = [stub.json({ data: { done: true } }), ...FAULTS.map(([, behaviour]) => behaviour)];
  const delivered = new Map<string, number>();
  await using subgraph = await stub.startStubSubgraph((request, index) => {
    const id = String(request.headers['x-request-id']);
    delivered.set(id, (delivered.get(id) ?? 0) + 1);
    return behaviours[(index * 7 + 3) % behaviours.length] ?? stub.reset();
  });
  await using one = poolOf([subgraph.url], { breaker: { enabled: false } });

  let unreported = 0;
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const calls = Array.from({ length: 50 }, async (_, index) => {
      const id = `${batch}-${index}`;
      const response = await one.call({ operation: 'mutation', headers: { 'x-request-id': id } });
      if (response.kind === 'received' && delivered.get(id) !== 1) unreported += 1;
    });
    await Promise.all(calls);
  }

  const duplicates = [...delivered.values()].filter((count) => count > 1).length;
  recordMeasurement(context, 'mutations sent under faults', BATCHES * 50);
  recordMeasurement(context, 'mutations delivered twice under faults', duplicates);
  recordMeasurement(context, 'mutations confirmed under faults but not delivered', unreported);
  expect({ duplicates, unreported }).toEqual({ duplicates: 0, unreported: 0 });
});
