import { expect, it } from 'vitest';
import { freePort } from '../support/servers/free-port.ts';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

/** An address on which no server listens. */
async function deadUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}/graphql`;
}

it('reports immediately that the subgraph could not be reached', async () => {
  await using one = poolOf([await deadUrl()]);
  expect(await one.fail()).toEqual({
    code: 'SUBGRAPH_UNAVAILABLE',
    service: 'inventory',
    message: 'inventory could not be reached',
    breaker: 'closed',
    isUnsent: true,
  });
});

it('tries a query twice and a mutation once', async () => {
  await using one = poolOf([await deadUrl()]);
  await one.fail();
  await one.fail({ operation: 'mutation' });
  expect(one.events).toEqual(['retried', 'called SUBGRAPH_UNAVAILABLE', 'called SUBGRAPH_UNAVAILABLE']);
});

it('retries every openMs while no server listens, and recovers with the first response', async () => {
  const url = await deadUrl();
  await using one = poolOf([url], { retries: 0, breaker: { consecutiveFailures: 1, openMs: 2_000 } });
  for (let stay = 0; stay < 6; stay += 1) {
    expect(await one.fail()).toMatchObject({
      code: 'SUBGRAPH_UNAVAILABLE',
      breaker: 'open',
      retryAfterMs: 1_800,
    });
    one.clock.advance(1_800);
  }
  await using subgraph = await startStubSubgraph(() => json({ data: { a: 1 } }), {
    port: Number(new URL(url).port),
  });
  expect(await one.call()).toMatchObject({ kind: 'received' });
  expect(subgraph.requests).toHaveLength(1);
});

it('limits retries to a tenth of the calls once the reserve is used up', async () => {
  await using one = poolOf([await deadUrl()], { breaker: { enabled: false } });
  for (let call = 0; call < 200; call += 1) await one.fail();
  const retries = one.events.filter((event) => event === 'retried').length;
  expect(retries).toBeGreaterThanOrEqual(20);
  expect(retries).toBeLessThanOrEqual(30);
});
