import { expect, test } from 'vitest';
import { askForRest, degradedMetric, stopService } from '../support/responses/degraded-response.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';

const query = '{ books { title reviews { text } } }';

const CONFIG = `
rateLimit: { enabled: true }
degradation: { fallbacks: { Book.reviews: [] } }
`;

test('replaces the data of a service that is down by a fallback, and reports it in body, header and metric', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY, config: CONFIG });
  await stopService(graph, 'reviews');

  // The first request prepares the operation, the second finds it in the cache.
  for (const _ of [1, 2]) {
    const response = await askForRest(graph, query);
    expect(response).toEqual({
      data: {
        books: [
          { title: 'Middlemarch', reviews: [] },
          { title: 'Moby-Dick', reviews: [] },
        ],
      },
      codes: [],
      degraded: [
        {
          service: 'reviews',
          reason: 'SUBGRAPH_UNAVAILABLE',
          breaker: 'closed',
          source: 'fallback',
          paths: [['books', 'reviews']],
        },
      ],
      cost: response.cost,
      header: 'reviews;source=fallback',
    });
    // The cost is the same as without reviews.
    const without = await askForRest(graph, '{ books { title } }');
    expect(response.cost).toBe(without.cost);
  }
  expect(await degradedMetric(graph)).toEqual([
    'tributary_degraded_total{subgraph="reviews",reason="SUBGRAPH_UNAVAILABLE",source="fallback"} 2',
  ]);
});
