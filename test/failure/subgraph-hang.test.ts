import { describe, expect, it } from 'vitest';
import { drip, hang, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

const SETTINGS = { timeoutMs: 1_000, breaker: { consecutiveFailures: 5 } };

describe.each([
  ['sends nothing', hang()],
  ['sends bytes without an end', drip()],
])('a subgraph that %s', (_, behaviour) => {
  it('is cut off exactly at the timeout, and its connection is closed', async () => {
    await using subgraph = await startStubSubgraph(() => behaviour);
    await using one = poolOf([subgraph.url], SETTINGS);
    const call = one.fail();
    await subgraph.received(1);
    one.clock.advance(999);
    expect(one.pool.state()[0]?.inFlight).toBe(1);
    one.clock.advance(1);
    expect(await call).toEqual({
      code: 'SUBGRAPH_TIMEOUT',
      service: 'inventory',
      message: 'inventory did not respond in time',
      breaker: 'closed',
    });
    await subgraph.aborted(1);
    expect(one.pool.state()[0]?.inFlight).toBe(0);
  });

  it('opens its breaker as soon as five consecutive calls have timed out', async () => {
    await using subgraph = await startStubSubgraph(() => behaviour);
    await using one = poolOf([subgraph.url], SETTINGS);
    const calls = Array.from({ length: 5 }, () => one.fail());
    await subgraph.received(5);
    one.clock.advance(1_000);
    await Promise.all(calls);
    expect(one.clock.monotonic()).toBe(1_000);
    expect(await one.fail()).toEqual({
      code: 'SUBGRAPH_CIRCUIT_OPEN',
      service: 'inventory',
      message: 'inventory has failed too often and is not being called for a while',
      breaker: 'open',
      retryAfterMs: 1_800,
      isUnsent: true,
    });
    expect(subgraph.requests).toHaveLength(5);
  });

  it('is cut off at the deadline of the client request if that is sooner', async () => {
    await using subgraph = await startStubSubgraph(() => behaviour);
    await using one = poolOf([subgraph.url], SETTINGS);
    const call = one.fail({ deadline: 300 });
    await subgraph.received(1);
    one.clock.advance(300);
    expect(await call).toMatchObject({ code: 'SUBGRAPH_TIMEOUT' });
  });
});

describe('a call that starts shortly before the deadline of the client request', () => {
  it('does not count as a failure of the subgraph when it is late', async () => {
    await using subgraph = await startStubSubgraph(() => hang());
    await using one = poolOf([subgraph.url], { ...SETTINGS, breaker: { consecutiveFailures: 1 } });
    const call = one.fail({ deadline: 300 });
    await subgraph.received(1);
    one.clock.advance(300);
    await call;
    expect(one.breaker()).toBe('closed');
  });

  it('is not sent after the deadline', async () => {
    await using subgraph = await startStubSubgraph(() => hang());
    await using one = poolOf([subgraph.url], SETTINGS);
    expect(await one.fail({ deadline: 0 })).toMatchObject({ code: 'SUBGRAPH_TIMEOUT' });
    expect(subgraph.requests).toHaveLength(0);
  });
});

describe('calls that wait for a connection until their timeout', () => {
  it('are never sent', async () => {
    await using subgraph = await startStubSubgraph(() => hang());
    await using one = poolOf([subgraph.url], {
      ...SETTINGS,
      connections: 1,
      breaker: { enabled: false },
    });
    const calls = [one.fail(), one.fail({ operation: 'mutation' }), one.fail({ operation: 'mutation' })];
    await subgraph.received(1);
    one.clock.advance(1_000);
    const codes = (await Promise.all(calls)).map(({ code }) => code);
    expect(codes).toEqual(['SUBGRAPH_TIMEOUT', 'SUBGRAPH_TIMEOUT', 'SUBGRAPH_TIMEOUT']);
    // The next call is queued behind them, so its arrival proves that they were skipped.
    const next = one.fail();
    await subgraph.received(2);
    expect(subgraph.requests.map(({ body }) => body)).toEqual([
      '{"query":"query{a}"}',
      '{"query":"query{a}"}',
    ]);
    one.clock.advance(1_000);
    await next;
  });
});
