import { expect, it } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { createClock } from '../support/time/clock.ts';

const SHOP = {
  shop: {
    sdl: `
      type Query { books: [String!] search(text: String!): [String!] }
      type Mutation { order(text: String!): String clear: String }
    `,
    resolvers: {
      Query: { books: () => ['Middlemarch'], search: () => Promise.withResolvers().promise },
      Mutation: { order: () => Promise.withResolvers().promise, clear: () => 'cleared' },
    },
  },
};

/** Starts the shop with a clock of the test, so that only calls that hang time out. */
async function startShop() {
  const clock = createClock();
  const { monotonic, schedule } = clock;
  const graph = await startSmallGraph({ services: SHOP, parts: { monotonic, schedule } });
  return { ...graph, clock };
}

type Shop = Awaited<ReturnType<typeof startShop>>;

/** Default of `traffic.all.timeoutMs`. */
const TIMEOUT_MS = 2_000;

const SEARCH = 'query ($text: String!) { search(text: $text) }';
const BOTH = 'query ($text: String!) { search(text: $text) books }';

/** Sends five different texts, so that no call is deduplicated. */
async function failFiveTimes(graph: Shop, query: string): Promise<void> {
  const texts = ['1', '2', '3', '4', '5'];
  const responses = Promise.all(texts.map((text) => graph.query(query, { text })));
  await expect.poll(() => graph.services.get('shop')?.calls).toHaveLength(5);
  graph.clock.advance(TIMEOUT_MS);
  for (const { errors } of await responses)
    expect(errors).toMatchObject([{ extensions: { code: 'SUBGRAPH_TIMEOUT' } }]);
}

async function subgraphState({ router }: Pick<SmallGraph, 'router'>): Promise<unknown> {
  const state = (await (await fetch(`${router.adminUrl}/state`)).json()) as { subgraphs: unknown[] };
  return state.subgraphs[0];
}

it('blocks a root field that hangs, and returns the others', async (context) => {
  await using graph = await startShop();
  await failFiveTimes(graph, SEARCH);
  const before = graph.services.get('shop')?.calls.length ?? 0;

  const began = performance.now();
  const both = await graph.query(BOTH, { text: 'new' });
  recordMeasurement(
    context,
    'ms until the response without a hanging root field',
    Math.round(performance.now() - began),
  );
  expect(both).toEqual({
    data: { search: null, books: ['Middlemarch'] },
    errors: [
      {
        message: 'a part of shop has failed too often and is not being called for a while',
        path: ['search'],
        extensions: { code: 'SUBGRAPH_CIRCUIT_OPEN', service: 'shop' },
      },
    ],
    extensions: {
      degraded: [
        {
          service: 'shop',
          reason: 'SUBGRAPH_CIRCUIT_OPEN',
          retryAfterMs: expect.any(Number),
          breaker: 'open',
          paths: [['search']],
          source: 'null',
        },
      ],
    },
  });
  expect(await graph.query(SEARCH, { text: 'new' })).toMatchObject({
    data: { search: null },
    errors: [{ path: ['search'], extensions: { code: 'SUBGRAPH_CIRCUIT_OPEN' } }],
  });
  expect(await graph.query('{ books }')).toEqual({ data: { books: ['Middlemarch'] } });

  const after = graph.services
    .get('shop')
    ?.calls.slice(before)
    .map(({ body }) => JSON.parse(body).query);
  expect(after?.map((query: string) => query.replaceAll(/\s/g, ''))).toEqual(['{books}', '{books}']);
  expect(await subgraphState(graph)).toMatchObject({
    subgraph: 'shop',
    breaker: 'closed',
    fields: [{ field: 'Query.search', breaker: 'open' }],
  });
  const metrics = await (await fetch(`${graph.router.adminUrl}/metrics`)).text();
  expect(metrics).toContain(
    'tributary_breaker_transitions_total{subgraph="shop",scope="field",to="open",forced="false"} 1',
  );
});

it('blocks a mutation field that hangs, and executes the others', async () => {
  await using graph = await startShop();
  await failFiveTimes(graph, 'mutation ($text: String!) { order(text: $text) }');
  const response = await graph.query('mutation ($text: String!) { order(text: $text) clear }', {
    text: 'new',
  });
  expect(response).toMatchObject({
    data: { order: null, clear: 'cleared' },
    errors: [{ path: ['order'], extensions: { code: 'SUBGRAPH_CIRCUIT_OPEN' } }],
  });
});

it('blocks fields that are forced open through the admin API', async () => {
  await using graph = await startShop();
  const order = (body: unknown) =>
    fetch(`${graph.router.adminUrl}/breakers/shop`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  expect((await order({ state: 'open', field: 'search' })).status).toBe(400);
  expect((await order({ state: 'open', field: 'Query.search' })).status).toBe(200);
  expect(await graph.query(BOTH, { text: 'any' })).toMatchObject({
    data: { search: null, books: ['Middlemarch'] },
    errors: [{ message: 'a part of shop is blocked by an operator' }],
  });
  expect(await subgraphState(graph)).toMatchObject({
    fields: [{ field: 'Query.search', breaker: 'open', forced: true }],
  });
  expect((await order({ state: 'auto', field: 'Query.search' })).status).toBe(200);
  expect(await subgraphState(graph)).toMatchObject({ fields: [{ breaker: 'half-open' }] });
});
