import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createReferenceExecution } from '../differential/reference/execution.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraphOptions } from '../support/graphs/small-graph.ts';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

const NO_COUNT: SmallGraphOptions['services'] = {
  books: {
    sdl: `
      type Query { book: Book whole: Book }
      type Mutation { read: Book! }
      type Book { title: String! pages: Int! }
    `,
    resolvers: {
      Query: {
        book: () => ({ title: 'Emma', pages: 'many' }),
        whole: () => ({ title: 'Emma', pages: 474 }),
      },
      Mutation: { read: () => ({ title: 'Emma', pages: 474 }) },
    },
  },
  notes: {
    sdl: 'type Query { note: Note } type Note { text: String! }',
    resolvers: { Query: { note: () => ({ text: 'Long.' }) } },
  },
};

// The null comes from a stub, because a service that follows the specification never returns null at a
// non-null field.
const query = '{ book { title pages } note { text } }';

async function startBroken(config = '') {
  const stub = await startStubSubgraph(() => json({ data: { book: { title: 'Emma', pages: null } } }));
  const urls = `traffic: { subgraphs: { books: { urls: ["${stub.url}"] } } }`;
  const graph = await startSmallGraph({ services: NO_COUNT, config: `${urls}\n${config}` });
  return {
    ...graph,
    stub,
    async [Symbol.asyncDispose]() {
      await graph[Symbol.asyncDispose]();
      await stub[Symbol.asyncDispose]();
    },
  };
}

const PROPAGATED = { book: null, note: { text: 'Long.' } };
const KEPT = { book: { title: 'Emma', pages: null }, note: { text: 'Long.' } };
const EXPECTED = { NULL: KEPT, PROPAGATE: PROPAGATED, HALT: null };
const BEHAVIORS = ['NULL', 'PROPAGATE', 'HALT'] as const;

const POSTS: SmallGraphOptions['services'] = {
  posts: {
    sdl: `
      type Query { posts(count: Int): [Post] }
      type Post { id: ID! author: Author }
      type Author @key(fields: "id") { id: ID! }
    `,
    resolvers: {
      Query: {
        posts: (_, { count }) =>
          Array.from({ length: Number(count ?? 3) }, (_, id) => ({
            id,
            author: { id: id === 1 ? 'b' : 'a' },
          })),
      },
    },
  },
  authors: {
    sdl: 'type Query { authors: Int } type Author @key(fields: "id") { id: ID! nick: String }',
    resolvers: {
      Author: {
        nick: ({ id }: { readonly id: string }) => {
          if (id === 'a') throw new Error('no nick');
          return 'bee';
        },
      },
    },
  },
};

test('an entity at several positions has its error at each of them, and errors beyond the limit are counted', async () => {
  await using graph = await startSmallGraph({ services: POSTS });
  const query = 'query ($count: Int) { posts(count: $count) { author { nick } } }';
  const ask = async (variables: object, onError: string) =>
    (await graph.post({ query, variables, onError })).json();
  // The first request prepares the operation.
  for (const onError of ['PROPAGATE', 'PROPAGATE', 'NULL'])
    expect(await ask({}, onError)).toMatchObject({
      data: { posts: [{ author: { nick: null } }, { author: { nick: 'bee' } }, { author: { nick: null } }] },
      errors: [{ path: ['posts', 0, 'author', 'nick'] }, { path: ['posts', 2, 'author', 'nick'] }],
    });
  expect(await ask({}, 'HALT')).toMatchObject({
    data: null,
    errors: [{ path: ['posts', 0, 'author', 'nick'] }],
  });
  const many = await ask({ count: 2_000 }, 'PROPAGATE');
  expect(many).toMatchObject({ extensions: { omittedErrors: 1_999 - 500 } });
  expect(many).toHaveProperty('errors.length', 500);
});

const dataOf = async (response: Response) => {
  const { data, errors } = (await response.json()) as { data: unknown; errors?: unknown[] };
  return { status: response.status, data, errors: errors?.length };
};

test('a client selects the effect of errors with each request, for every form of a request', async () => {
  await using graph = await startBroken();
  const extensions = { persistedQuery: { version: 1, sha256Hash: hash('sha256', query, 'hex') } };
  await graph.post({ query, extensions });
  // The first request prepares the operation, which serves all behaviors.
  for (const _ of [1, 2]) {
    expect(await dataOf(await graph.post({ query }))).toEqual({ status: 200, data: PROPAGATED, errors: 1 });
    for (const onError of BEHAVIORS) {
      const expected = { status: 200, data: EXPECTED[onError], errors: 1 };
      expect(await dataOf(await graph.post({ query, onError }))).toEqual(expected);
      expect(await dataOf(await graph.post({ extensions, onError }))).toEqual(expected);
      const get = async (parameters: Record<string, string>) => {
        const headers = { 'apollo-require-preflight': '1' };
        return dataOf(
          await fetch(`${graph.router.url}?${String(new URLSearchParams(parameters))}`, { headers }),
        );
      };
      expect(await get({ query, onError })).toEqual(expected);
      expect(await get({ extensions: JSON.stringify(extensions), onError })).toEqual(expected);
    }
  }
});

test('the first request of an operation has the same response as later ones', async () => {
  for (const onError of BEHAVIORS) {
    await using graph = await startBroken();
    const first = await (await graph.post({ query, onError })).json();
    expect(await (await graph.post({ query, onError })).json()).toEqual(first);
    expect(first).toMatchObject({ data: EXPECTED[onError] });
  }
});

test('requests in flight with different onError are not deduplicated', async () => {
  await using graph = await startBroken();
  await graph.post({ query });
  const wanted = Array.from({ length: 30 }, (_, index) => BEHAVIORS[index % 3] ?? 'NULL');
  const responses = await Promise.all(
    wanted.map(async (onError) => dataOf(await graph.post({ query, onError }))),
  );
  expect(responses.map(({ data }) => data)).toEqual(wanted.map((onError) => EXPECTED[onError]));
});

test('rejects a value that is none of the three', async () => {
  await using graph = await startSmallGraph({ services: NO_COUNT });
  const rejection = {
    errors: [
      { message: 'onError must be "NULL", "PROPAGATE" or "HALT"', extensions: { code: 'BAD_REQUEST' } },
    ],
  };
  for (const onError of [null, 'null', '', 'ABORT', 1, ['NULL'], {}]) {
    const response = await graph.post({ query: '{ whole { title } }', onError });
    expect([response.status, await response.json()]).toMatchObject([400, rejection]);
  }
  for (const search of ['onError=NULL&onError=HALT', 'onError=&onError=', 'onError=null']) {
    const headers = { 'apollo-require-preflight': '1' };
    const response = await fetch(`${graph.router.url}?query=%7B__typename%7D&${search}`, { headers });
    expect([response.status, await response.json()]).toMatchObject([400, rejection]);
  }
});

test('the reference executor rejects the behaviors that it does not support', async () => {
  await using graph = await startSmallGraph({
    services: NO_COUNT,
    parts: { createExecution: createReferenceExecution },
  });
  const ask = async (onError: string) => graph.post({ query: '{ whole { title } }', onError });
  expect((await ask('PROPAGATE')).status).toBe(200);
  const rejected = await ask('NULL');
  expect([rejected.status, await rejected.json()]).toMatchObject([
    400,
    { errors: [{ message: 'onError: NULL is not served here; PROPAGATE is' }] },
  ]);
});

test('the configuration sets the behavior for clients that do not', async () => {
  await using graph = await startBroken('degradation: { onError: "NULL" }');
  expect(await dataOf(await graph.post({ query }))).toMatchObject({ data: KEPT });
  expect(await dataOf(await graph.post({ query, onError: 'PROPAGATE' }))).toMatchObject({ data: PROPAGATED });
});
