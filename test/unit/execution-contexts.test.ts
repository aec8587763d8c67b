import { describe, expect, test } from 'vitest';
import { federatedGraph } from '../support/graphs/federated-graph.ts';
import type { JsonObject } from '../../router/shared/json.ts';
import type { SubgraphRequest } from '../../router/request/subgraph-request.ts';

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
      type Topic @key(fields: "id") { id: ID! notes: [Note] about: About }
      type About { note: Note }
      type Note @key(fields: "id") { id: ID! far: String }`,
    resolvers: {
      Topic: { notes: () => [{ id: '1' }, { id: '2' }], about: () => ({ note: { id: '1' } }) },
      Note: { far: ({ id }) => `far ${String(id)}` },
    },
  },
});

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
});
