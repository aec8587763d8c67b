import { GraphQLError } from 'graphql';
import { expect, it } from 'vitest';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';

/**
 * Starts a service of books, and a service of their ratings that fails with the given code after the given
 * number of responses.
 */
function startLibrary(code: string, { config = '', healthyFor = 0 } = {}): Promise<SmallGraph> {
  let asked = 0;
  const asReference = (reference: object) => reference;
  return startSmallGraph({
    // The breaker of a field stays open during the test.
    config: `${config}\ntraffic: { all: { breaker: { openMs: 60000 } } }`,
    services: {
      books: {
        sdl: 'type Query { book(id: ID!): Book } type Book @key(fields: "id") { id: ID! title: String }',
        resolvers: {
          Query: { book: (_: never, { id }: { id: string }) => ({ id, title: `Book ${id}` }) },
        },
      },
      ratings: {
        sdl: 'type Book @key(fields: "id") { id: ID! rating: Int reviews: [String!] }',
        resolvers: {
          Book: {
            __resolveReference: asReference,
            rating: () => {
              asked += 1;
              if (asked <= healthyFor) return 5;
              throw new GraphQLError('No rating today.', { extensions: { code } });
            },
            reviews: () => ['Long.'],
          },
        },
      },
    },
  });
}

async function ask(graph: SmallGraph, times: number) {
  const query = '{ book(id: "1") { title rating reviews } }';
  const codes: unknown[] = [];
  for (let time = 0; time < times; time += 1) {
    const { data, errors = [] } = await graph.query(query);
    expect(data).toEqual({ book: { title: 'Book 1', rating: null, reviews: ['Long.'] } });
    codes.push(...errors.map(({ path, extensions }) => `${path?.join('.')} ${String(extensions['code'])}`));
  }
  return codes;
}

it('blocks an entity field that responds with a failure code, and delivers the other fields', async () => {
  await using graph = await startLibrary('UNAVAILABLE');
  expect(await ask(graph, 5)).toEqual(Array(5).fill('book.rating UNAVAILABLE'));
  const before = graph.services.get('ratings')?.calls.length ?? 0;
  expect(await ask(graph, 3)).toEqual(Array(3).fill('book.rating SUBGRAPH_CIRCUIT_OPEN'));
  const queries =
    graph.services
      .get('ratings')
      ?.calls.slice(before)
      .map(({ body }) => body) ?? [];
  expect(queries).toHaveLength(3);
  for (const query of queries) expect(query).not.toContain('rating');
});

it('returns the last value of a blocked field: an error with a failure code does not overwrite it by null', async () => {
  const config = 'degradation: { stale: { Book.rating: { maxAgeS: 300, per: everyone } } }';
  await using graph = await startLibrary('UNAVAILABLE', { config, healthyFor: 1 });
  const rated = { book: { title: 'Book 1', rating: 5, reviews: ['Long.'] } };
  const query = '{ book(id: "1") { title rating reviews } }';
  expect(await graph.query(query)).toEqual({ data: rated });
  expect(await ask(graph, 5)).toEqual(Array(5).fill('book.rating UNAVAILABLE'));
  expect(await graph.query(query)).toMatchObject({
    data: rated,
    extensions: { degraded: [{ service: 'ratings', source: 'stale', paths: [['book', 'rating']] }] },
  });
});

it('returns business errors however often they occur', async () => {
  await using graph = await startLibrary('NOT_FOUND');
  expect(await ask(graph, 20)).toEqual(Array(20).fill('book.rating NOT_FOUND'));
  const state = await (await fetch(`${graph.router.adminUrl}/state`)).json();
  expect(state).toMatchObject({ subgraphs: [{ breaker: 'closed' }, { breaker: 'closed' }] });
});
