import { json, startStubSubgraph } from '../../test/support/subgraphs/stub-subgraph.ts';

// The subgraph of bench/micro/upstream.ts in a process of its own: a stub that returns twenty items.

const items = Array.from({ length: 20 }, (_, index) => ({
  __typename: 'Product',
  id: `product-${index}`,
  name: `Product number ${index}`,
  inStock: index % 3 === 0,
}));
const subgraph = await startStubSubgraph(() => json({ data: { _entities: items } }));
process.send?.(subgraph.url);
