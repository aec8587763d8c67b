import { expect, test } from 'vitest';
import { askForRest, degradedMetric, stopService } from '../support/responses/degraded-response.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';

const query = '{ books { title reviews { text } } }';

// The breaker stays open during the test.
const CONFIG = `
rateLimit: { enabled: true }
traffic: { all: { breaker: { openMs: 60000 } } }
`;

test('returns null for the data of a service that is down, and reports it in body, header and metric', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY, config: CONFIG });
  const whole = await askForRest(graph, query);
  expect(whole).toMatchObject({ codes: [], degraded: [], header: null });
  await stopService(graph, 'reviews');

  const { cost, ...partial } = await askForRest(graph, query);
  expect(partial).toEqual({
    data: {
      books: [
        { title: 'Middlemarch', reviews: null },
        { title: 'Moby-Dick', reviews: null },
      ],
    },
    // One error for each null.
    codes: ['SUBGRAPH_UNAVAILABLE', 'SUBGRAPH_UNAVAILABLE'],
    degraded: [
      {
        service: 'reviews',
        reason: 'SUBGRAPH_UNAVAILABLE',
        breaker: 'closed',
        source: 'null',
        paths: [['books', 'reviews']],
      },
    ],
    header: 'reviews;source=null',
  });
  expect(cost).toBeLessThan(Number(whole.cost));
  expect(await degradedMetric(graph)).toEqual([
    'tributary_degraded_total{subgraph="reviews",reason="SUBGRAPH_UNAVAILABLE",source="null"} 1',
  ]);

  for (let call = 0; call < 5; call += 1) await askForRest(graph, query);
  const [held] = (await askForRest(graph, query)).degraded;
  expect(held).toMatchObject({ reason: 'SUBGRAPH_CIRCUIT_OPEN', breaker: 'open', source: 'null' });
  expect(held?.['retryAfterMs']).toBeGreaterThan(0);
});
