import { describe, expect, it } from 'vitest';
import { freePort } from '../support/servers/free-port.ts';
import { json, hang, page, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import type { Behaviour, StubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

const healthy = json({ data: { a: 1 } });

/** Returns the same numbers every time, spread evenly: the average of random numbers. */
function evenRandom(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

async function startThree(first: () => Behaviour): Promise<StubSubgraph[]> {
  const [failing, ...others] = [first, () => healthy, () => healthy];
  return Promise.all([failing, ...others].map((script) => startStubSubgraph(() => script?.() ?? healthy)));
}

describe('a subgraph with three endpoints', () => {
  it('distributes calls in flight evenly', async () => {
    await using stack = new AsyncDisposableStack();
    const endpoints = (
      await Promise.all(Array.from({ length: 3 }, () => startStubSubgraph(() => hang())))
    ).map((endpoint) => stack.use(endpoint));
    const urls = endpoints.map(({ url }) => url);
    const one = stack.use(poolOf(urls, { maxConcurrent: 90, timeoutMs: 1_000 }, { random: evenRandom() }));
    const calls = Array.from({ length: 90 }, () => one.fail());
    const loads = one.pool.state()[0]?.endpoints.map(({ inFlight }) => inFlight) ?? [];
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(4);
    one.clock.advance(1_000);
    await Promise.all(calls);
  });

  it('ejects one that responds with 503, and after that no call fails', async () => {
    await using stack = new AsyncDisposableStack();
    const endpoints = (await startThree(() => page(503))).map((endpoint) => stack.use(endpoint));
    const urls = endpoints.map(({ url }) => `${url.replace('//', '//user:secret@')}?key=secret`);
    const one = stack.use(poolOf(urls, { breaker: { consecutiveFailures: 20 } }, { random: evenRandom() }));
    let failures = 0;
    for (let call = 0; call < 1_000; call += 1) {
      if ((await one.call()).kind === 'failed') failures += 1;
    }
    expect(failures).toBe(5);
    expect(one.events.filter((event) => event.startsWith('ejected'))).toHaveLength(1);
    expect(one.pool.state()[0]?.endpoints.map(({ state }) => state)).toEqual([
      'ejected',
      'serving',
      'serving',
    ]);
    expect(one.breaker()).toBe('closed');
    expect(one.pool.state()[0]?.endpoints.map(({ url }) => url)).toEqual(endpoints.map(({ url }) => url));
  });

  it('loses no query to one that accepts no connections', async () => {
    await using stack = new AsyncDisposableStack();
    const [alive, other] = [await startStubSubgraph(() => healthy), await startStubSubgraph(() => healthy)];
    stack.use(alive);
    stack.use(other);
    const urls = [`http://127.0.0.1:${await freePort()}/graphql`, alive.url, other.url];
    const one = stack.use(poolOf(urls, {}, { random: evenRandom() }));
    for (let call = 0; call < 200; call += 1) {
      expect(await one.call()).toMatchObject({ kind: 'received' });
    }
    expect(one.events.filter((event) => event === 'retried')).toHaveLength(2);
    expect(one.events.filter((event) => event.startsWith('ejected'))).toHaveLength(1);
  });

  it('ejects one that hangs after two timeouts', async () => {
    await using stack = new AsyncDisposableStack();
    const endpoints = (await startThree(() => hang())).map((endpoint) => stack.use(endpoint));
    const urls = endpoints.map(({ url }) => url);
    const one = stack.use(poolOf(urls, { timeoutMs: 1_000 }, { random: evenRandom() }));
    const hung = endpoints[0];
    let failures = 0;
    for (let turn = 0; turn < 2; turn += 1) {
      const before = hung?.requests.length ?? 0;
      const calls: Promise<unknown>[] = [];
      while (hung?.requests.length === before) {
        const call = one.call();
        calls.push(call);
        await Promise.race([call, hung.received(before + 1)]);
      }
      one.clock.advance(1_000);
      failures += (await Promise.all(calls)).filter((response) => Object(response).kind === 'failed').length;
    }
    expect(failures).toBe(2);
    expect(one.pool.state()[0]?.endpoints[0]?.state).toBe('ejected');
    for (let call = 0; call < 100; call += 1) {
      expect(await one.call()).toMatchObject({ kind: 'received' });
    }
  });
});

describe('an ejected endpoint', () => {
  async function startEjected(stack: AsyncDisposableStack) {
    let behaviour: Behaviour = page(503);
    const [returning, other] = await Promise.all([
      startStubSubgraph(() => behaviour),
      startStubSubgraph(() => healthy),
    ]);
    stack.use(returning);
    stack.use(other);
    const settings = { breaker: { consecutiveFailures: 20 } };
    const one = stack.use(poolOf([returning.url, other.url], settings, { random: evenRandom() }));
    const stateOf = () => one.pool.state()[0]?.endpoints[0]?.state;
    while (stateOf() === 'serving') await one.call();
    return { one, returning, stateOf, heal: () => (behaviour = healthy) };
  }

  it('is probed by one query after its time, and ejected for longer if that fails', async () => {
    await using stack = new AsyncDisposableStack();
    const { one, returning, stateOf } = await startEjected(stack);
    const before = returning.requests.length;
    one.clock.advance(1_000);
    for (let call = 0; call < 50; call += 1) await one.call();
    expect(returning.requests.length).toBe(before + 1);
    expect(stateOf()).toBe('ejected');
    const [first, second] = one.events
      .filter((event) => event.startsWith('ejected'))
      .map((event) => Number(event.slice(8)));
    expect(second).toBeGreaterThan((first ?? 0) * 1.5);
  });

  it('is not probed by mutations', async () => {
    await using stack = new AsyncDisposableStack();
    const { one, returning } = await startEjected(stack);
    const before = returning.requests.length;
    one.clock.advance(1_000);
    for (let call = 0; call < 50; call += 1) {
      expect(await one.call({ operation: 'mutation' })).toMatchObject({ kind: 'received' });
    }
    expect(returning.requests.length).toBe(before);
  });

  it('returns gradually when it is healthy', async () => {
    await using stack = new AsyncDisposableStack();
    const { one, returning, stateOf, heal } = await startEjected(stack);
    heal();
    one.clock.advance(1_000);
    while (stateOf() !== 'serving') await one.call();

    const share = async (): Promise<number> => {
      const before = returning.requests.length;
      for (let batch = 0; batch < 20; batch += 1)
        await Promise.all(Array.from({ length: 20 }, () => one.call()));
      return (returning.requests.length - before) / 400;
    };
    const atFirst = await share();
    one.clock.advance(5_000);
    const later = await share();
    expect(atFirst).toBeLessThan(0.2);
    expect(later).toBeGreaterThan(0.4);
  });
});

it('uses all endpoints if all are ejected', async () => {
  await using first = await startStubSubgraph(() => page(503));
  await using second = await startStubSubgraph(() => page(503));
  await using one = poolOf(
    [first.url, second.url],
    { breaker: { enabled: false } },
    { random: evenRandom() },
  );
  for (let call = 0; call < 100; call += 1) await one.fail();
  expect(one.pool.state()[0]?.endpoints.map(({ state }) => state)).toEqual(['ejected', 'ejected']);
  expect(first.requests.length + second.requests.length).toBe(100);
});
