import { expect, test } from 'vitest';
import { startGraph } from '../support/graphs/shop-graph.ts';
import { hang, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

const PLACE = `mutation ($key: String!) {
  placeOrder(input: { items: [{ productId: "product-1", quantity: 1 }] }, idempotencyKey: $key) { id }
}`;

test('while product hangs, placeOrder says in time that nothing was placed, and its breaker stays closed', async () => {
  await using product = await startStubSubgraph(() => hang());
  await using none = await startStubSubgraph(() => hang());
  await using graph = await startGraph({
    standIns: { product: product.url, inventory: none.url, shipping: none.url },
    // The router itself never gives up, so that the outcome does not depend on the speed of the machine.
    parts: { monotonic: () => 0, schedule: () => ({ [Symbol.dispose]: () => undefined }) },
  });
  const token = await graph.login('freya@shop.example');
  const expected = {
    message:
      'The product service is unavailable. Nothing was placed: send the order again with the same key.',
    path: ['placeOrder'],
    extensions: { code: 'UNAVAILABLE', service: 'order' },
  };
  const place = async (key: string) => {
    const { data, errors } = await graph.ask(PLACE, { token, variables: { key } });
    expect([data, errors]).toEqual([{ placeOrder: null }, [expected]]);
  };
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map(place));
  // The breaker that order has for product is open, and the router has none open for anybody.
  await place('f');
  await place('g');
  expect(product.requests).toHaveLength(5);
  for (const { headers } of product.requests) {
    const allowed = Number(headers['x-request-timeout-ms']);
    // Of the 2,000 ms that the router waits, 250 are kept for the response.
    expect(allowed).toBeGreaterThan(0);
    expect(allowed).toBeLessThanOrEqual(1_750);
  }
  const inspection = JSON.stringify((await graph.routers[0]?.inspect())?.state);
  expect(inspection).toContain('"breaker":"closed"');
  expect(inspection).not.toMatch(/"(?:half-)?open"/);
}, 60_000);
