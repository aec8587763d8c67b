import { expect, test } from 'vitest';
import { startGraph } from '../support/graphs/shop-graph.ts';
import { hang, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

const PLACE = `mutation ($key: String!) {
  placeOrder(input: { items: [{ productId: "product-1", quantity: 1 }] }, idempotencyKey: $key) { id }
}`;

test('placeOrder fails in time while product hangs, reports that nothing was placed, and its breaker stays closed', async () => {
  await using product = await startStubSubgraph(() => hang());
  await using none = await startStubSubgraph(() => hang());
  await using graph = await startGraph({
    stubs: { product: product.url, inventory: none.url, shipping: none.url },
    // The router itself has no timeout, and the order service needs no time before its calls, so that the
    // outcome does not depend on the speed of the machine.
    parts: { monotonic: () => 0, schedule: () => ({ [Symbol.dispose]: () => undefined }) },
    subgraphMonotonic: () => 0,
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
  // The order service has an open breaker for product; the router has no open breaker.
  await place('f');
  await place('g');
  expect(product.requests).toHaveLength(5);
  // The router waits 2,000 ms; 250 ms of these are reserved for the response.
  for (const { headers } of product.requests) expect(headers['x-request-timeout-ms']).toBe('1750');
  const inspection = JSON.stringify((await graph.routers[0]?.inspect())?.state);
  expect(inspection).toContain('"breaker":"closed"');
  expect(inspection).not.toMatch(/"(?:half-)?open"/);
}, 60_000);
