import { expect, it } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { hang, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

it('aborts the calls of 1,000 clients that disconnect, and the breaker stays closed', async (context) => {
  await using subgraph = await startStubSubgraph(() => hang());
  await using one = poolOf([subgraph.url], { maxConcurrent: 1_000, connections: 100 });
  let abortMs = 0;
  for (let batch = 1; batch <= 10; batch += 1) {
    const clients = Array.from({ length: 100 }, () => new AbortController());
    const calls = clients.map(({ signal }) => one.fail({ signal }));
    await subgraph.received(batch * 100);
    const began = performance.now();
    for (const client of clients) client.abort();
    const codes = new Set((await Promise.all(calls)).map(({ code }) => code));
    expect(codes).toEqual(new Set(['REQUEST_CANCELLED']));
    await subgraph.aborted(batch * 100);
    abortMs = Math.max(abortMs, performance.now() - began);
  }
  recordMeasurement(
    context,
    'subgraph calls aborted after 1,000 clients disconnected',
    subgraph.counts.aborted,
  );
  recordMeasurement(context, 'slowest 100 calls: aborted after the disconnect, ms', Math.round(abortMs));
  expect(subgraph.counts.aborted).toBeGreaterThanOrEqual(990);
  expect(one.breaker()).toBe('closed');
  expect(one.pool.state()[0]?.inFlight).toBe(0);
});

it('makes no call for a client that has already disconnected', async () => {
  await using subgraph = await startStubSubgraph(() => hang());
  await using one = poolOf([subgraph.url]);
  expect(await one.fail({ signal: AbortSignal.abort() })).toMatchObject({ code: 'REQUEST_CANCELLED' });
  expect(subgraph.counts.connections).toBe(0);
});
