import { expect, test } from 'vitest';
import { createExecution } from '../../router/operation/execute-operation.ts';
import { createReferenceExecution } from '../differential/reference/execution.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraphOptions } from '../support/graphs/small-graph.ts';

let mutations = 0;

const services: SmallGraphOptions['services'] = {
  books: {
    sdl: `
      type Query { books: [Book!]! book: Book maybe: Book }
      type Mutation { read: Book }
      type Book @key(fields: "id") { id: ID! title: String }
    `,
    resolvers: {
      Query: {
        books: () => [{ id: '1', title: 'Emma' }],
        book: () => ({ id: '1', title: 'Emma' }),
        maybe: () => null,
      },
      Mutation: {
        read: () => {
          mutations += 1;
          return { id: '1', title: 'Emma' };
        },
      },
    },
  },
  reviews: {
    sdl: 'type Query { reviews: Int } type Book @key(fields: "id") { id: ID! stars: Int }',
    resolvers: { Book: { stars: () => 5 } },
  },
};

type GraphQLResponse = { readonly data?: unknown; readonly errors?: readonly { readonly message: string }[] };

const draft = { accept: 'application/graphql-response+json' };

test('an error in the document or the variables has its location in the document', async () => {
  await using graph = await startSmallGraph({ services });
  const wrong = async (query: string, variables: object = {}) => {
    const response = await graph.post({ query, variables }, draft);
    const result = (await response.json()) as GraphQLResponse;
    return [response.status, 'data' in result, result.errors];
  };
  const located = (line: number, column: number) => [
    400,
    false,
    [expect.objectContaining({ locations: [{ line, column }] })],
  ];
  expect(await wrong('{\n  books {')).toEqual(located(2, 10));
  expect(await wrong('{ books { id } } "')).toEqual(located(1, 19));
  expect(await wrong('{\n nope }')).toEqual(located(2, 2));
  expect(await wrong('{ ...A } fragment A on Query { ...A }')).toEqual(located(1, 32));
  expect(await wrong('subscription { books }')).toMatchObject([400, false, [{ locations: [{ column: 1 }] }]]);
  const query = 'query (\n  $skip: Boolean!\n) { books { id @skip(if: $skip) } }';
  expect((await graph.query(query, { skip: false })).errors).toBeUndefined();
  expect(await wrong(query)).toEqual(located(2, 3));
  expect(await wrong(query, { skip: null })).toEqual(located(2, 3));
  expect(await wrong(query, { skip: 'no' })).toEqual(located(2, 3));
});

test.for([
  ['of the router', createExecution],
  ['of Apollo Gateway', createReferenceExecution],
] as const)('null is an error in @skip and @include: executor %s', async ([, executor]) => {
  await using graph = await startSmallGraph({
    services,
    config: 'rateLimit: { enabled: true }',
    parts: { createExecution: executor },
  });
  const ask = async (query: string, s: unknown) => {
    const response = await graph.post({ query, variables: { s } }, draft);
    return { status: response.status, ...((await response.json()) as GraphQLResponse) };
  };
  const rejected = (query: string) => ({
    status: 400,
    errors: [
      {
        message: 'Variable "$s" is null in an argument "if" of the type "Boolean!".',
        locations: [{ line: 1, column: query.lastIndexOf('$s') + 1 }],
        extensions: { code: 'BAD_USER_INPUT', requestId: expect.any(String) },
      },
    ],
  });
  for (const selection of [
    '{ book { id } books @include(if: $s) { id } }',
    '{ book { id @include(if: $s) title } }',
    '{ book { id @skip(if: $s) title } }',
    '{ book { stars @include(if: $s) title } }',
    '{ book { ... @include(if: $s) { id } title } }',
    '{ book { ...A @skip(if: $s) title } } fragment A on Book { id }',
    '{ book { ...A } } fragment A on Book { ... on Book { id @include(if: $s) } title }',
    '{ __type(name: "Book") { name @include(if: $s) } }',
  ] as const) {
    const query = `query Q($s: Boolean = true) ${selection}`;
    // For the first request and for a cached operation.
    for (const value of [true, false]) {
      expect(await ask(query, null)).toEqual(rejected(query));
      const { status, errors } = await ask(query, value);
      expect([status, errors]).toEqual([200, undefined]);
    }
    expect(await ask(query, null)).toEqual(rejected(query));
  }
  const mutation = 'mutation Q($s: Boolean = true) { read { id @include(if: $s) } }';
  expect(await ask(mutation, null)).toEqual(rejected(mutation));
  expect(mutations).toBe(0);
});

test('null is no error where other conditions exclude it, nor in another argument', async () => {
  await using graph = await startSmallGraph({ services });
  for (const selection of [
    '{ book @skip(if: true) { id @include(if: $s) } books { id } }',
    '{ book @include(if: false) { ...A } books { id } } fragment A on Book { id @include(if: $s) }',
    '{ books { id title @skip(if: true) @include(if: $s) } }',
  ])
    expect(await graph.query(`query ($s: Boolean = true) ${selection}`, { s: null })).toEqual({
      data: { books: [{ id: '1' }] },
    });
});

test('incremental delivery and introspection are rejected with the reason, and with a status of the 4xx', async () => {
  await using graph = await startSmallGraph({ services, config: 'mode: production' });
  const rejection = async (query: string, accept: string) => {
    const response = await graph.post({ query }, { accept });
    const { errors } = (await response.json()) as GraphQLResponse;
    return [response.status, errors?.map(({ message }) => message)];
  };
  const deferred = [400, ['Incremental delivery is not supported: send the operation without @defer.']];
  const multipart = 'multipart/mixed;deferSpec=20220824,application/json';
  expect(await rejection('{ book { id ... @defer { title } } }', multipart)).toEqual(deferred);
  expect(await rejection('{ book { id ... @defer { title } } }', draft.accept)).toEqual(deferred);
  expect(await rejection('{ books @stream { id } }', `multipart/mixed, ${draft.accept}`)).toEqual([
    400,
    ['Incremental delivery is not supported: send the operation without @stream.'],
  ]);
  expect((await rejection('{ book { id ... @defer { title } } }', 'multipart/mixed'))[0]).toBe(406);
  expect(await rejection('{ __schema { types { name } } }', draft.accept)).toEqual([
    400,
    [
      'Introspection is disabled. The operator can enable it with `supergraph.introspection: true` in router.yaml.',
    ],
  ]);
  // A multipart client receives the result of a valid operation in one piece.
  const response = await graph.post({ query: '{ book { id } }' }, { accept: multipart });
  expect([response.status, response.headers.get('content-type'), await response.json()]).toEqual([
    200,
    'application/json; charset=utf-8',
    { data: { book: { id: '1' } } },
  ]);
});

test('the first response to an operation and later ones have the same status, headers and body', async () => {
  await using graph = await startSmallGraph({ services });
  const headers = { 'x-request-id': 'the-same', 'apollo-require-preflight': '1' };
  const read = async (response: Response) => ({
    status: response.status,
    // The two headers with times differ between any two responses.
    headers: [...response.headers].filter(([name]) => name !== 'date' && name !== 'server-timing'),
    body: await response.text(),
  });
  const get = (query: string) => fetch(`${graph.router.url}?query=${encodeURIComponent(query)}`, { headers });
  const requests: readonly (() => Promise<Response>)[] = [
    () => graph.post({ query: '{ books { id title stars } }' }, headers),
    () => graph.post({ query: '{ maybe { id } reviews }' }, headers),
    () => graph.post({ query: 'query ($s: Boolean!) { book { id @skip(if: $s) } }' }, headers),
    () => graph.post({ query: 'query A { book { id } } query B { book { id } }' }, headers),
    () => graph.post({ query: '{ nope }' }, headers),
    () => graph.post({ query: '{ book {' }, headers),
    () => graph.post({ query: '' }, headers),
    () => graph.post([{ query: '{ book { id } }' }], headers),
    () => get('mutation { read { id } }'),
    () => get('{ book { title } }'),
  ];
  for (const request of requests) {
    const first = await read(await request());
    expect(await read(await request())).toEqual(first);
    expect(await read(await request())).toEqual(first);
  }
});
