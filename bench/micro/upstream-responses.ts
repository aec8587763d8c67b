import { json, startStubSubgraph } from '../../test/support/subgraphs/stub-subgraph.ts';

// The subgraph of bench/micro/upstream.ts in a process of its own: a stub that returns twenty items. With
// SLOW_MS in the environment, every hundredth response takes so many milliseconds.

const items = Array.from({ length: 20 }, (_, index) => ({
  __typename: 'Product',
  id: `product-${index}`,
  name: `Product number ${index}`,
  inStock: index % 3 === 0,
}));
const respond = json({ data: { _entities: items } });
const slowMs = Number(process.env['SLOW_MS'] ?? 0);
const subgraph = await startStubSubgraph((_, index) => (response, request) => {
  if (slowMs > 0 && index % 100 === 0) setTimeout(() => respond(response, request), slowMs);
  else respond(response, request);
});
process.send?.(subgraph.url);
