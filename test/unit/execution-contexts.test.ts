import { describe, expect, test } from 'vitest';
import { federatedGraph } from '../support/graphs/federated-graph.ts';
import type { JsonObject } from '../../router/shared/json.ts';
import type { SubgraphRequest, SubgraphResponse } from '../../router/request/subgraph-request.ts';

const SHELVES = [
  {
    __typename: 'Shelf',
    id: '1',
    row: 'A',
    lang: { codes: ['de', 'fr'] },
    note: { id: '1' },
    notes: [{ id: '1' }, { id: '2' }],
    topic: { id: 't' },
  },
  {
    __typename: 'Shelf',
    id: '2',
    row: 'B',
    lang: null,
    note: { id: '1' },
    notes: [{ id: '1' }],
    topic: { id: 't' },
  },
  {
    __typename: 'Shelf',
    id: '3',
    row: null,
    lang: { codes: null },
    note: null,
    notes: [],
    topic: { id: 't' },
  },
];

const graph = federatedGraph({
  shelves: {
    typeDefs: `
      directive @audited on QUERY
      type Query { shelves: [Shelf] things: [Thing] }
      type Shelf @key(fields: "id") @context(name: "shelf") {
        id: ID! row(upper: Boolean): String lang: Lang note: Note notes: [Note] topic: Topic
      }
      type Lang { codes: [String] }
      type Topic @key(fields: "id") { id: ID! }
      type Note @key(fields: "id") {
        id: ID!
        text(row: String @fromContext(field: "$shelf { row }"), more: Int): String
        codes(codes: [String] @fromContext(field: "$shelf { lang { codes } }")): String
        from: String
        inner: Note
      }
      union Thing = Box | Bag
      type Box @context(name: "thing") { size: Int label: Label }
      type Bag @context(name: "thing") { volume: Int label: Label }
      type Label @key(fields: "id") {
        id: ID!
        of(amount: Int @fromContext(field: "$thing ... on Box { size } ... on Bag { volume }")): String
      }`,
    resolvers: {
      Query: {
        shelves: () => SHELVES,
        things: () => [
          { __typename: 'Box', size: 3, label: { id: '1' } },
          { __typename: 'Bag', volume: 4, label: { id: '1' } },
        ],
      },
      Note: {
        text: ({ id }, { row, more }) => `${String(id)} in ${String(row)} ${String(more)}`,
        codes: ({ id }, { codes }) => `${String(id)} ${JSON.stringify(codes)}`,
        inner: () => ({ id: '9' }),
      },
      Label: { of: ({ id }, { amount }) => `${String(id)} ${String(amount)}` },
    },
  },
  topics: {
    typeDefs: `
      directive @audited on QUERY
      type Topic @key(fields: "id") { id: ID! notes: [Note] about: About }
      type About { note: Note }
      type Note @key(fields: "id") { id: ID! far: String }`,
    resolvers: {
      Topic: { notes: () => [{ id: '1' }, { id: '2' }], about: () => ({ note: { id: '1' } }) },
      Note: { far: ({ id }) => `far ${String(id)}` },
    },
  },
});

const PLACES = federatedGraph({
  places: {
    typeDefs: `
      type Query { places: [Place] }
      interface Place @context(name: "place") { site: Site }
      type Hall implements Place { site: Site floor: Int }
      type Yard implements Place { site: Site }
      type Site @key(fields: "id") { id: ID! }
      type Sign @key(fields: "id") {
        id: ID!
        level(floor: Int @fromContext(field: "$place ... on Hall { floor }")): String
      }`,
    resolvers: {
      Query: {
        places: () => [
          { __typename: 'Yard', site: { id: 's' } },
          { __typename: 'Hall', floor: 7, site: { id: 's' } },
        ],
      },
      Sign: { level: ({ id }, { floor }) => `${String(id)} ${String(floor)}` },
    },
  },
  sites: {
    typeDefs: `
      type Site @key(fields: "id") { id: ID! sign: Sign }
      type Sign @key(fields: "id") { id: ID! }`,
    resolvers: { Site: { sign: () => ({ id: '1' }) } },
  },
});

function withText(response: SubgraphResponse, text: string, replacement: string): SubgraphResponse {
  return JSON.parse(JSON.stringify(response).replace(text, replacement));
}

function variablesOf({ body }: SubgraphRequest): JsonObject {
  return (JSON.parse(body) as { variables: JsonObject }).variables;
}

describe('@fromContext', () => {
  test('reads the nearest object above, once for each value, in one request', async () => {
    const { data, errors, calls } = await graph.run('{ shelves { notes { text } } }');
    expect(data).toEqual({
      shelves: [
        { notes: [{ text: '1 in A undefined' }, { text: '2 in A undefined' }] },
        { notes: [{ text: '1 in B undefined' }] },
        { notes: [] },
      ],
    });
    expect(errors).toEqual([]);
    expect(calls.length).toBe(2);
    expect(calls.slice(1).map(variablesOf)).toEqual([
      {
        r0: [
          { __typename: 'Note', id: '1' },
          { __typename: 'Note', id: '2' },
        ],
        contextualArgument_1_2_0: 'A',
        r1: [{ __typename: 'Note', id: '1' }],
        contextualArgument_1_2_1: 'B',
      },
    ]);
  });

  test('passes lists and null, with variables and names of the client', async () => {
    const { data, errors } = await graph.run(
      'query ($contextualArgument_1_2: Int) { shelves { row: id r: row(upper: true) note { text(more: $contextualArgument_1_2) c: codes } } }',
      { variables: { contextualArgument_1_2: 5 } },
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({
      shelves: [
        { row: '1', r: 'A', note: { text: '1 in A 5', c: '1 ["de","fr"]' } },
        { row: '2', r: 'B', note: { text: '1 in B 5', c: '1 null' } },
        { row: '3', r: null, note: null },
      ],
    });
  });

  test('depends on the type above', async () => {
    const { data } = await graph.run(
      '{ things { ... on Box { label { of } } ... on Bag { label { of } } } }',
    );
    expect(data).toEqual({ things: [{ label: { of: '1 3' } }, { label: { of: '1 4' } }] });
  });

  test('differs between places of one object of another subgraph', async () => {
    const { data, errors } = await graph.run(
      '{ shelves { topic { notes { text far } about { note { text } } } } }',
    );
    const topic = (row: string | null) => ({
      notes: [
        { text: `1 in ${row} undefined`, far: 'far 1' },
        { text: `2 in ${row} undefined`, far: 'far 2' },
      ],
      about: { note: { text: `1 in ${row} undefined` } },
    });
    expect(errors).toEqual([]);
    expect(data).toEqual({ shelves: ['A', 'B', null].map((row) => ({ topic: topic(row) })) });
  });

  test('fails only in the places of one object whose value is unusable', async () => {
    const { data, errors } = await PLACES.run('{ places { site { sign { level } } } }', {
      interposed: {
        places: async (_, ask) => withText(await ask(), '"floor":7', '"floor":"ground"'),
      },
    });
    expect(data).toEqual({
      places: [{ site: { sign: { level: '1 undefined' } } }, { site: { sign: { level: null } } }],
    });
    expect(errors.map(({ path }) => path)).toEqual([['places', 1, 'site', 'sign', 'level']]);
  });

  test('rejects the entities of all groups if one response has another number of them', async () => {
    const resize = (list: unknown[], call: string) =>
      call.includes('"A"') ? list.slice(1) : [...list, null];
    const { data, errors, calls } = await graph.run('query @audited { shelves { notes { text } } }', {
      interposed: {
        shelves: async ({ body }, ask) => {
          const response = await ask();
          if (response.kind === 'failed' || !Array.isArray(response.data?.['_entities'])) return response;
          return { ...response, data: { _entities: resize(response.data['_entities'], body) } };
        },
      },
    });
    expect(calls.length).toBe(3);
    expect(data).toEqual({
      shelves: [{ notes: [{ text: null }, { text: null }] }, { notes: [{ text: null }] }, { notes: [] }],
    });
    expect(errors[0]).toMatchObject({
      message: 'The service did not return 3 entities.',
      extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' },
    });
  });
});
