import { expect, it } from 'vitest';
import { startGraph } from '../support/graphs/shop-graph.ts';

const ORDER = /* GraphQL */ `
  {
    orders(first: 1, status: SHIPPED) {
      edges {
        node {
          number
          customer {
            email
          }
          items {
            product {
              name
              stock {
                available
              }
            }
          }
          shipment {
            carrier
          }
        }
      }
    }
  }
`;

const product = (stock: unknown) => ({ product: { name: expect.any(String), stock } });
const responseWith = (stock: unknown) => ({
  orders: {
    edges: [
      {
        node: {
          number: expect.stringMatching(/^T-/),
          customer: { email: 'freya@shop.example' },
          items: expect.arrayContaining([product(stock)]),
          shipment: { carrier: expect.any(String) },
        },
      },
    ],
  },
});

it('returns an order from five services, without one of them, and from all of them again', async () => {
  await using graph = await startGraph();
  const token = await graph.login('freya@shop.example');
  const healthy = await graph.ask(ORDER, { token });
  expect(healthy).toMatchObject({
    status: 200,
    data: responseWith({ available: expect.any(Number) }),
    errors: [],
  });

  await graph.stop('inventory');
  const degraded = await graph.ask(ORDER, { token });
  expect(degraded).toMatchObject({ status: 200, data: responseWith(null) });
  expect(degraded.errors[0]?.extensions).toMatchObject({
    code: 'SUBGRAPH_UNAVAILABLE',
    service: 'inventory',
  });
  expect(degraded.extensions['degraded']).toMatchObject([{ service: 'inventory' }]);

  await graph.restart('inventory');
  expect(await graph.ask(ORDER, { token })).toMatchObject({ data: healthy.data, errors: [] });
}, 180_000);
