import { Supergraph, operationFromDocument } from '@apollo/federation-internals';
import { QueryPlanner, prettyFormatQueryPlan } from '@apollo/query-planner';
import type { QueryPlan } from '@apollo/query-planner';
import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createOperationPlanner } from '../../router/planning/operation-planner.ts';
import type { PlannedOperation } from '../../router/planning/operation-planner.ts';
import { composed } from '../differential/compose.ts';

/**
 * Each fault is shown in Apollo’s own planner first: if one of these tests fails after an update, its
 * workaround can go.
 */
function stockPlan(supergraphSdl: string, document: string): QueryPlan {
  const supergraph = Supergraph.build(supergraphSdl);
  const operation = operationFromDocument(supergraph.apiSchema(), parse(document));
  return new QueryPlanner(supergraph).buildQueryPlan(operation);
}

function plan(supergraphSdl: string, document: string): PlannedOperation {
  return createOperationPlanner(supergraphSdl)({ document, operationName: undefined });
}

function text(outcome: PlannedOperation): string {
  return outcome.kind === 'planned' ? compact(outcome.plan) : outcome.message;
}

function compact(queryPlan: QueryPlan): string {
  return prettyFormatQueryPlan(queryPlan).replaceAll(/\s+/g, ' ');
}

function inputRewrites(outcome: PlannedOperation): unknown[] {
  const found: unknown[] = [];
  JSON.stringify(outcome, (key, value: unknown) => {
    if (key === 'inputRewrites' && value !== undefined) found.push(value);
    return value;
  });
  return found;
}

describe('an @interfaceObject field that no subgraph can resolve', () => {
  const graph = composed({
    a: 'type Query { a: I } interface I @key(fields: "id") { id: ID! }',
    b: 'type Query { b: I } type I @interfaceObject @key(fields: "id") { id: ID! c: Int }',
  });

  test('is dropped from the plan by the stock planner', () => {
    expect(stockPlan(graph, '{ a { c } }')).toEqual({ kind: 'QueryPlan', node: undefined });
    expect(compact(stockPlan(graph, '{ a { id c } }'))).not.toContain(' c ');
  });

  test('is rejected by name, alone and beside others', () => {
    const message = 'The subgraphs together cannot resolve this operation: no subgraph can resolve';
    expect(plan(graph, '{ a { c } }')).toEqual({ kind: 'rejected', message: `${message} Query.a here.` });
    expect(plan(graph, '{ a { id c } }')).toEqual({ kind: 'rejected', message: `${message} I.c here.` });
  });

  test('is planned if it can be resolved', () => {
    expect(text(plan(graph, '{ b { c } }'))).toContain('Fetch(service: "b") { { b { c } }');
  });
});

describe('a key with resolvable: false before a resolvable one', () => {
  const graph = composed({
    a: 'type P @key(fields: "id") { id: ID! weight: Int }',
    b: `type Query { p: P }
      type P @key(fields: "sku", resolvable: false) @key(fields: "id") {
        id: ID! sku: ID! weight: Int @external tax: Int @requires(fields: "weight")
      }`,
  });
  const resumption = (keys: string) =>
    `Fetch(service: "b") { { ... on P { __typename ${keys} } } => { ... on P { tax } } }`;

  test('is used by the stock planner to return to the subgraph', () => {
    expect(compact(stockPlan(graph, '{ p { tax } }'))).toContain(resumption('weight sku'));
  });

  test('is never used', () => {
    expect(text(plan(graph, '{ p { tax } }'))).toContain(resumption('weight id'));
  });

  test('is not needed for a field that the subgraph delivers with the object', () => {
    const onlyUnresolvable = composed({
      a: 'interface I @key(fields: "id") { id: ID! } type X implements I @key(fields: "id") { id: ID! }',
      b: 'type Query { a: I } type I @interfaceObject @key(fields: "id", resolvable: false) { id: ID! c: Int }',
    });
    expect(compact(stockPlan(onlyUnresolvable, '{ a { ... on X { c } } }'))).toContain(
      '=> { ... on I { c } }',
    );
    const planned = text(plan(onlyUnresolvable, '{ a { ... on X { c } } }'));
    expect(planned).toContain('Fetch(service: "b") { { a { __typename id c } } }');
    expect(planned).not.toContain('=> { ... on I { c } }');
    expect(plan(onlyUnresolvable, '{ a { c } }')).toMatchObject({ kind: 'planned' });
  });
});

describe('@requires of a field with arguments', () => {
  const graph = composed({
    a: `type Query { p: P }
      type P @key(fields: "id") { id: ID! price(in: String): Int size(unit: String): Size }
      type Size { width(round: Boolean): Int }`,
    b: `type P @key(fields: "id") {
        id: ID!
        price(in: String): Int @external
        size(unit: String): Size @external
        tax: Int @requires(fields: "price(in: \\"EUR\\")")
        duty: Int @requires(fields: "price(in: \\"USD\\")")
        postage: Int @requires(fields: "size(unit: \\"CM\\") { width(round: true) }")
      }
      type Size { width(round: Boolean): Int @external }`,
  });

  test('is confused with the client’s arguments by the stock planner', () => {
    const stock = compact(stockPlan(graph, '{ p { price(in: "GBP") tax } }'));
    expect(stock).toContain('price(in: "GBP")');
    expect(stock).not.toContain('price(in: "EUR")');
  });

  test('is requested under a name of its own beside the client’s arguments', () => {
    const outcome = plan(graph, '{ p { price(in: "GBP") tax } }');
    expect(text(outcome)).toContain(
      '{ p { __typename id price(in: "GBP") price__required0: price(in: "EUR") } }',
    );
    expect(inputRewrites(outcome)).toEqual([
      [{ kind: 'KeyRenamer', path: ['... on P', 'price__required0'], renameKeyTo: 'price' }],
    ]);
  });

  test('is merged with another @requires of the field by the stock planner', () => {
    expect(compact(stockPlan(graph, '{ p { tax duty } }'))).not.toContain('price(in: "EUR")');
  });

  test('becomes a fetch per set of arguments', () => {
    const outcome = plan(graph, '{ p { tax duty } }');
    expect(text(outcome)).toContain('price__required1: price(in: "USD") price__required0: price(in: "EUR")');
    expect(text(outcome)).toContain('... on P { __typename id price__required0 } } => { ... on P { tax } }');
    expect(text(outcome)).toContain('... on P { __typename id price__required1 } } => { ... on P { duty } }');
  });

  test('is renamed from the inside out if it is nested', () => {
    expect(inputRewrites(plan(graph, '{ p { postage } }'))).toEqual([
      [
        {
          kind: 'KeyRenamer',
          path: ['... on P', 'size__required0', 'width__required0'],
          renameKeyTo: 'width',
        },
        { kind: 'KeyRenamer', path: ['... on P', 'size__required0'], renameKeyTo: 'size' },
      ],
    ]);
  });
});

describe('a client’s name that the planner uses itself', () => {
  const graph = composed({
    a: 'type Query { p(of: ID): P } type P @key(fields: "id") { id: ID! name: String }',
    b: 'type P @key(fields: "id") { id: ID! stock: Int }',
  });

  test('makes the stock planner drop the client’s field', () => {
    expect(compact(stockPlan(graph, '{ p { id: name stock } }'))).not.toContain('name }');
  });

  test.each([
    [
      'a key',
      '{ p { id: name stock } }',
      'id r1_id: name',
      { fields: [['id:name()', 'r1_id']], variables: [] },
    ],
    [
      '__typename',
      '{ p { __typename: name stock } }',
      'r1___typename: name',
      { fields: [['__typename:name()', 'r1___typename']], variables: [] },
    ],
    [
      'a taken replacement',
      '{ p { id: name r1_id: name stock } }',
      'r2_id: name',
      { fields: [['id:name()', 'r2_id']], variables: [] },
    ],
    [
      'the variable of entities',
      'query ($representations: ID) { p(of: $representations) { stock } }',
      'p(of: $r1_representations)',
      { fields: [], variables: [['representations', 'r1_representations']] },
    ],
  ])('is replaced in the plan: %s', (_, document, planned, renames) => {
    const outcome = plan(graph, document);
    expect(text(outcome)).toContain(planned);
    expect(outcome).toMatchObject({ renames });
  });

  test('stays unchanged if nothing collides', () => {
    expect(plan(graph, '{ p { title: name stock } }')).toMatchObject({
      renames: { fields: [], variables: [] },
    });
  });
});

describe('an object without a remaining field', () => {
  const graph = composed({ a: 'type Query { p: P } type P { x: Int }' });
  const document = 'query ($v: Boolean!) { p @skip(if: $v) { x @include(if: false) } }';

  test('is omitted by the stock planner', () => {
    expect(compact(stockPlan(graph, document))).toBe('QueryPlan {}');
  });

  test('has its type fetched, so that it can be {} and not null', () => {
    expect(text(plan(graph, document))).toContain('{ p { __typename } }');
  });
});

describe('introspection within a fragment', () => {
  const graph = composed({
    a: 'type Query { x: Int p: P } type P @key(fields: "id") { id: ID! a: Int }',
    b: 'type Query { y: Int } type P @key(fields: "id") { id: ID! b: Int }',
  });
  const document =
    'query ($v: Boolean!) { x ... on Query @include(if: $v) { __schema { queryType { name } } } }';

  test('makes the stock planner throw', () => {
    expect(() => stockPlan(graph, document)).toThrow('__schema');
  });

  test('is no part of the plan', () => {
    expect(text(plan(graph, document))).toContain('{ x }');
  });
});

describe('a field that requires another and may be skipped', () => {
  const graph = composed({
    a: 'type Query { p: P } type P @key(fields: "id") { id: ID! weight: Int }',
    b: `type P @key(fields: "id") {
      id: ID! weight: Int @external tax: Int @requires(fields: "weight") stock: Int
    }`,
  });
  const document = 'query ($v: Boolean!) { p { stock tax @skip(if: $v) } }';

  test('causes the stock planner to skip others with it', () => {
    expect(compact(stockPlan(graph, document))).toContain(
      '... on P { __typename id weight } } => { ... on P { stock',
    );
  });

  test('is fetched separately', () => {
    const planned = text(plan(graph, document));
    expect(planned).toContain('... on P { __typename id } } => { ... on P { stock } }');
    expect(planned).toContain('... on P { __typename id weight } } => { ... on P { tax @skip(if: $v) } }');
  });
});

describe('mutations in fragments', () => {
  const graph = composed({
    a: 'type Query { x: Int } type Mutation { a: Int }',
    b: 'type Mutation { b: Int }',
  });

  test('are grouped by subgraph by the stock planner, against the order of the document', () => {
    const document = 'mutation { ... on Mutation { a } b ... on Mutation { second: a } }';
    expect(compact(stockPlan(graph, document))).toContain('{ { a second: a } }, Fetch(service: "b")');
  });

  test('run once and in the order of the document', () => {
    const document = 'mutation { ... on Mutation { a } b ... on Mutation { second: a b } }';
    const order = text(plan(graph, document)).match(/Fetch\(service: "\w"\) \{ \{ [^}]*\}/g);
    expect(order).toEqual([
      'Fetch(service: "a") { { a }',
      'Fetch(service: "b") { { b }',
      'Fetch(service: "a") { { second: a }',
    ]);
  });

  test('are rejected if their order depends on the variables', () => {
    expect(plan(graph, 'mutation ($v: Boolean!) { a @include(if: $v) b a }')).toEqual({
      kind: 'rejected',
      message:
        'The subgraphs together cannot resolve this operation: the mutation a is selected twice under different conditions.',
    });
  });
});

describe('fields with different requirements, some of them on an object that may be skipped', () => {
  const graph = composed({
    a: `type Query { p: P }
      type P @key(fields: "id") {
        id: ID! weight: Int @external tax: Int @requires(fields: "weight")
        price: Int @external fee: Int @requires(fields: "price")
      }`,
    b: 'type P @key(fields: "id") { id: ID! weight: Int price: Int }',
  });
  const document = 'query ($some: Boolean!) { p { tax } p @include(if: $some) { fee } }';

  test('are fetched together by the stock planner, so that none is returned if one is skipped', () => {
    expect(compact(stockPlan(graph, document))).toMatch(
      /__typename weight id price \} \} => \{ \.\.\. on P \{ tax fee/,
    );
  });

  test('are fetched separately', () => {
    const planned = text(plan(graph, document));
    expect(planned).toMatch(/__typename weight id \} \} => \{ \.\.\. on P \{ tax \}/);
    expect(planned).toMatch(/\{ __typename id price \} \} => \{ \.\.\. on P \{ fee \}/);
  });
});

describe('a requirement behind an @interfaceObject, selected on one type', () => {
  const graph = composed({
    a: `type Query { m: Media }
      type Media @key(fields: "id") @interfaceObject { id: ID! title: String @external size: Int @requires(fields: "title") }`,
    b: `interface Media @key(fields: "id") { id: ID! title: String }
      type Book implements Media @key(fields: "id") { id: ID! title: String }
      type Film implements Media @key(fields: "id") { id: ID! title: String }`,
  });
  const document = '{ m { ... on Book { size } } }';

  test('makes the stock planner request the other types without a key', () => {
    expect(compact(stockPlan(graph, document))).toContain(
      '{ ... on Book { __typename id } ... on Media { __typename title } } =>',
    );
  });

  test('is fetched for that type alone', () => {
    expect(text(plan(graph, document))).toContain(
      '{ ... on Book { __typename id } ... on Book { __typename title } } =>',
    );
  });
});

describe('fields behind an @interfaceObject, one of them selected on one type', () => {
  const graph = composed({
    a: `type Media @key(fields: "id") @interfaceObject {
      id: ID! title: String @external size: Int @requires(fields: "title") likes: Int
    }`,
    b: `type Query { m: Media }
      interface Media @key(fields: "id") { id: ID! title: String }
      type Book implements Media @key(fields: "id") { id: ID! title: String }
      type Film implements Media @key(fields: "id") { id: ID! title: String }`,
  });
  const document = '{ m { likes ... on Book { size } } }';

  test('are fetched together by the stock planner, so that other types need the key of that field', () => {
    const planned = compact(stockPlan(graph, document));
    expect(planned).toContain('{ m { __typename id ... on Book { __typename id title } } }');
    expect(planned).toContain('... on Media { __typename id title }');
    expect(planned).toContain('=> { ... on Media { likes size } }');
  });

  test('are fetched separately, each for the types that select it', () => {
    const planned = text(plan(graph, document));
    expect(planned).toContain(
      '{ ... on Media { __typename id } ... on Book { __typename id } } => { ... on Media { likes } }',
    );
    expect(planned).toContain(
      '{ ... on Book { __typename id title } ... on Book { __typename id } } => { ... on Media { size } }',
    );
  });

  test('are fetched for all types that have a key for it, under several conditions', () => {
    const conditional = `query ($c: Boolean!, $d: Boolean!) {
      m { ... on Book @include(if: $c) { likes } ... @include(if: $c) { ... @skip(if: $d) { size } } }
    }`;
    expect(text(plan(graph, conditional))).toContain('... on Media { ... on Media { __typename id title } }');
  });
});

describe('a field behind an @interfaceObject that another subgraph requires', () => {
  const graph = composed({
    a: 'type Media @key(fields: "id") @interfaceObject { id: ID! likes: Int pages: Int }',
    b: `type Query { m: [Media] }
      interface Media @key(fields: "id") { id: ID! }
      type Book implements Media @key(fields: "id") { id: ID! }
      type Film implements Media @key(fields: "id") { id: ID! }`,
    c: 'type Film @key(fields: "id") { id: ID! likes: Int @external rank: Int @requires(fields: "likes") }',
  });

  test('is fetched for the type that selects it, if the other is not selected', () => {
    const planned = text(plan(graph, '{ m { ... on Book { likes } ... on Film { pages } } }'));
    expect(planned).toContain('{ ... on Book { __typename id } } => { ... on Media { likes } }');
  });

  test('is fetched for all types if the other is selected', () => {
    const planned = text(plan(graph, '{ m { ... on Book { likes } ... on Film { rank } } }'));
    expect(planned).toMatch(
      /on Book \{ __typename id \} .*on Film \{ __typename id \}.*=> \{ \.\.\. on Media \{ likes \} \}/,
    );
  });
});

describe('one response name for different fields behind an @interfaceObject', () => {
  const graph = composed({
    a: 'type Media @key(fields: "id") @interfaceObject { id: ID! pages(of: Int): Int likes: Int }',
    b: `type Query { m: [Media] }
      interface Media @key(fields: "id") { id: ID! }
      type Book implements Media @key(fields: "id") { id: ID! }
      type Film implements Media @key(fields: "id") { id: ID! }`,
  });

  test('is one field to the stock planner', () => {
    const planned = compact(
      stockPlan(graph, '{ m { ... on Book { pages(of: 1) } ... on Film { pages(of: 2) } } }'),
    );
    expect(planned).toContain('... on Media { pages(of: 1) }');
    expect(planned).not.toContain('of: 2');
  });

  test.each([
    [
      '{ m { ... on Book { pages(of: 1) } ... on Film { pages(of: 2) } } }',
      'pages(of: 1)',
      'r1_pages: pages(of: 2)',
    ],
    ['{ m { ... on Book { x: likes } ... on Film { x: pages } } }', 'x: likes', 'r1_x: pages'],
    ['{ m { ... on Book { likes: pages } ... on Film { likes } } }', 'r1_likes: pages', 'likes'],
  ])('are two in the plan, each of its type: %s', (document, ofBook, ofFilm) => {
    const planned = text(plan(graph, document));
    expect(planned).toContain(`{ ... on Book { __typename id } } => { ... on Media { ${ofBook} } }`);
    expect(planned).toContain(`{ ... on Film { __typename id } } => { ... on Media { ${ofFilm} } }`);
  });
});

describe('fields that require a field of different types, one of them perhaps skipped', () => {
  const graph = composed({
    a: `type Query { p: P }
      type P @key(fields: "id") {
        id: ID! part: Part @external
        tax: Int @requires(fields: "part { ... on Wheel { size } }")
        fee: Int @requires(fields: "part { ... on Door { size } }")
      }
      union Part = Wheel | Door
      type Wheel { size: Int @external }
      type Door { size: Int @external }`,
    b: `type P @key(fields: "id") { id: ID! part: Part }
      union Part = Wheel | Door
      type Wheel { size: Int }
      type Door { size: Int }`,
  });

  test('do not need the requirement of the other', () => {
    const planned = text(
      plan(graph, 'query ($some: Boolean!) { p { fee ... @include(if: $some) { tax } } }'),
    );
    expect(planned).toContain('{ __typename part { ... on Door { size } } id } } => { ... on P { fee } }');
    expect(planned).toContain('{ __typename part { ... on Wheel { size } } id } } => { ... on P { tax } }');
  });
});

test('a field that another subgraph overrides under a label stays in its subgraph', () => {
  const graph = composed({
    a: 'type Query { p: P } type P @key(fields: "id") { id: ID! price: Int }',
    b: `type P @key(fields: "id") { id: ID! price: Int @override(from: "a", label: "percent(50)") }`,
  });
  expect(text(plan(graph, '{ p { price } }'))).toBe('QueryPlan { Fetch(service: "a") { { p { price } } }, }');
});

describe('a number literal that a double cannot represent', () => {
  const graph = composed({ a: 'scalar Long type Query { user(id: Long): Int }' });
  const document = '{ user(id: 9007199254740993) }';

  test('is rounded by the stock planner', () => {
    expect(compact(stockPlan(graph, document))).toContain('user(id: 9007199254740992)');
  });

  test('is planned as it was written', () => {
    const outcome = plan(graph, document);
    expect(JSON.stringify(outcome)).toContain('user(id:9007199254740993)');
  });
});

describe('a fragment on another interface behind an @interfaceObject', () => {
  const graph = composed({
    a: 'type Query { m: Media } type Media @key(fields: "id") @interfaceObject { id: ID! likes: Int }',
    b: `interface Media @key(fields: "id") { id: ID! }
      interface Named { name: String }
      type Book implements Media & Named @key(fields: "id") { id: ID! name: String }`,
  });
  const document = '{ m { ... on Named { name } } }';

  test('makes the stock planner throw', () => {
    expect(() => stockPlan(graph, document)).toThrow('We should have an edge from Media(a) for __typename');
  });

  test('is planned as a fragment on each type that implements both', () => {
    expect(text(plan(graph, document))).toContain('... on Book { name }');
  });
});

describe('a required field of the first subgraph that requires a field of another', () => {
  const graph = composed({
    a: `type Query { p: P ps: [P!]! }
      type P @key(fields: "id") {
        id: ID! cost: Int @external price: Int @requires(fields: "cost")
      }`,
    b: 'type P @key(fields: "id") { id: ID! price: Int @external tax: Int @requires(fields: "price") }',
    c: 'type P @key(fields: "id") { id: ID! cost: Int } type Query { others: [P] }',
  });
  const chain = (path: string) =>
    `Flatten(path: "${path}") { Fetch(service: "c") { { ... on P { __typename id } } => { ... on P { cost } } }, }, ` +
    `Flatten(path: "${path}") { Fetch(service: "a") { { ... on P { __typename cost id } } => { ... on P { price } } }, }, ` +
    `Flatten(path: "${path}") { Fetch(service: "b") { { ... on P { __typename price id } } => { ... on P { tax } } }, }`;

  test('is selected by the stock planner before the field that it requires', () => {
    expect(compact(stockPlan(graph, '{ p { tax } }'))).toContain('{ p { __typename id price } }');
  });

  test('is selected after the field that it requires', () => {
    expect(text(plan(graph, '{ p { tax } }'))).toContain(chain('p'));
    expect(text(plan(graph, '{ ps { id tax } }'))).toContain(chain('ps.@'));
    expect(text(plan(graph, '{ p { tax } }'))).not.toContain('id price }');
  });

  test('is selected after the field that it requires if it is required with arguments', () => {
    const withArguments = composed({
      a: `type Query { p: P }
        type P @key(fields: "id") { id: ID! cost: Int @external price(in: ID): Int @requires(fields: "cost") }`,
      b: `type P @key(fields: "id") {
        id: ID! price(in: ID): Int @external tax: Int @requires(fields: "price(in: 1)")
      }`,
      c: 'type P @key(fields: "id") { id: ID! cost: Int }',
    });
    const planned = text(plan(withArguments, '{ p { tax } }'));
    expect(planned).toContain('{ p { __typename id } }');
    expect(planned).toContain(
      '... on P { __typename cost id } } => { ... on P { price__required0: price(in: 1) }',
    );
  });

  test('is selected after the field that it requires if that is a field of the requiring subgraph', () => {
    const betweenTwo = composed({
      a: `type Query { p: P }
        type P @key(fields: "id") { id: ID! cost: Int @external price: Int @requires(fields: "cost") }`,
      b: `type P @key(fields: "id") {
        id: ID! cost: Int price: Int @external tax: Int @requires(fields: "price")
      }`,
    });
    expect(compact(stockPlan(betweenTwo, '{ p { tax } }'))).toContain('{ p { __typename id cost price } }');
    expect(text(plan(betweenTwo, '{ p { tax } }'))).toContain(
      'Fetch(service: "b") { { ... on P { __typename id } } => { ... on P { cost } } }, }, ' +
        'Flatten(path: "p") { Fetch(service: "a") { { ... on P { __typename id cost } } => { ... on P { price } } }, }, ' +
        'Flatten(path: "p") { Fetch(service: "b") { { ... on P { __typename price id } } => { ... on P { tax } } }, }',
    );
  });

  test('is selected after the field that it requires at the end of a chain of three', () => {
    const three = composed({
      a: `type P @key(fields: "id") { id: ID! cost: Int tax: Int @external total: Int @requires(fields: "tax") }`,
      b: `type P @key(fields: "id") { id: ID! price: Int @external tax: Int @requires(fields: "price") }`,
      c: `type Query { p: P }
        type P @key(fields: "id") { id: ID! cost: Int @external price: Int @requires(fields: "cost") }`,
    });
    expect(compact(stockPlan(three, '{ p { total } }'))).toContain('{ p { __typename id price } }');
    expect(text(plan(three, '{ p { total } }'))).toContain(
      'Fetch(service: "a") { { ... on P { __typename id } } => { ... on P { cost } } }, }, ' +
        'Flatten(path: "p") { Fetch(service: "c") { { ... on P { __typename cost id } } => { ... on P { price } } }, }, ' +
        'Flatten(path: "p") { Fetch(service: "b") { { ... on P { __typename price id } } => { ... on P { tax } } }, }, ' +
        'Flatten(path: "p") { Fetch(service: "a") { { ... on P { __typename tax id } } => { ... on P { total } } }, }',
    );
  });

  test('is selected beside the field that it requires if that is provided', () => {
    const provided = composed({
      a: `type Query { p: P @provides(fields: "cost") }
        type P @key(fields: "id") { id: ID! cost: Int @external price: Int @requires(fields: "cost") }`,
      b: 'type P @key(fields: "id") { id: ID! cost: Int @shareable }',
    });
    expect(text(plan(provided, '{ p { price } }'))).toBe(
      'QueryPlan { Fetch(service: "a") { { p { cost price } } }, }',
    );
  });

  test('leaves a plan unchanged that is right', () => {
    const document = '{ others { tax price } }';
    expect(text(plan(graph, document))).toBe(compact(stockPlan(graph, document)));
  });
});
