import { composeServices } from '@apollo/composition';
import * as fc from '../support/runs/properties.ts';
import { getIntrospectionQuery, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { compileCost } from '../../router/cost/cost.ts';
import { compileFieldCalls, findLimitedFields } from '../../router/cost/field-calls.ts';
import { readCostModel } from '../../router/cost/cost-model.ts';
import type { CostModel } from '../../router/cost/cost-model.ts';
import { codeOf } from '../support/callers/authentication.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';

const SCHEMA = /* GraphQL */ `
  type Query {
    scalar: Int
    object: Item
    enumerated: Color
    list: [Item!]!
    names: [String!]
    assumed: [Item] @listSize(assumedSize: 4)
    heavy: Item @cost(weight: 7)
    heavyScalar: Int @cost(weight: 3)
    heavyList: [Item] @cost(weight: 5) @listSize(assumedSize: 2)
    typed: Expensive
    money: Money
    sliced(first: Int, last: Int): [Item] @listSize(slicingArguments: ["first", "last"])
    page(first: Int = 20, after: String): Connection
      @listSize(
        assumedSize: 6
        slicingArguments: ["first"]
        sizedFields: ["edges"]
        requireOneSlicingArgument: false
      )
    either(a: Int, b: Int): [Item]
      @listSize(assumedSize: 9, slicingArguments: ["a", "b"], requireOneSlicingArgument: false)
    find(filter: Filter, filters: [Filter!], id: ID @cost(weight: 2), plain: String): Item
    any: Any
    node: Node
    media: Media
    rated: Rated
  }
  type Mutation {
    change: Item
    touch: Int
  }
  type Item {
    id: ID
    self: Item
    parts: [Item] @listSize(assumedSize: 3)
    tags(first: Int = 2): [Item] @listSize(slicingArguments: ["first"])
  }
  type Connection {
    edges: [Edge]
    nodes: [Item]
    total: Int
  }
  type Edge {
    node: Item
    cursor: String
  }
  type Expensive @cost(weight: 11) {
    id: ID
  }
  scalar Money @cost(weight: 2)
  enum Color {
    RED
  }
  interface Node {
    id: ID
  }
  union Any = Item | Expensive
  interface Media {
    id: ID
    search: [Item] @listSize(assumedSize: 2)
    rating: Int
  }
  interface Rated {
    rating: Int
  }
  type Book implements Media & Rated {
    id: ID
    search: [Item] @cost(weight: 5)
    rating: Int @cost(weight: 3)
  }
  type Film implements Media @cost(weight: 4) {
    id: ID
    search: [Item] @cost(weight: 6)
    rating: Int
  }
  input Filter {
    text: String
    weight: Int @cost(weight: 4)
    nested: Filter
    colors: [Color]
  }
`;

const model = compose(SCHEMA);

describe('the cost is', () => {
  it.each<[number, string]>([
    [1, '{ scalar }'],
    [1, '{ __typename }'],
    [1, '{ enumerated names }'],
    [1, '{ object { id } }'],
    [2, '{ object { self { id __typename } } }'],
    [10, '{ list { id } }'],
    [20, '{ list { self { id } } }'],
    [4, '{ assumed { id } }'],
    [4 * (1 + 3 * (1 + 3)), '{ assumed { parts { parts { id } } } }'],
    [7, '{ heavy { id } }'],
    [3, '{ heavyScalar }'],
    [2 * (5 + 1), '{ heavyList { self { id } } }'],
    [11, '{ typed { id } }'],
    [2, '{ money }'],
    [22, '{ any { ... on Item { id } ... on Expensive { id } } typed { id } }'],
    [4 + 3, '{ media { id rating } }'],
    [4 + 2 * 6, '{ media { search { id } } }'],
    [1, '{ node { ... on Node { id } } }'],
    [10 + 1, 'mutation { change { id } }'],
    [10, 'mutation { touch }'],
  ])('%d for %s', (expected, source) => {
    expect(cost(source)).toBe(expected);
  });

  it.each<[number, string, Record<string, unknown>]>([
    [5, '{ sliced(first: 5) { id } }', {}],
    [7, 'query ($n: Int) { sliced(first: $n) { id } }', { n: 7 }],
    [8, 'query ($n: Int = 8) { sliced(last: $n) { id } }', {}],
    [1, '{ sliced(first: 0) { id } }', {}],
    [1, '{ sliced(first: -3) { id } }', {}],
    // A connection costs one for itself, and per edge the edge and its node; `nodes` does not change its
    // size.
    [1 + 20 * 2, '{ page { edges { node { id } } } }', {}],
    [1 + 3 * 2, '{ page(first: 3) { edges { node { id } } } }', {}],
    [1 + 6 * 2, '{ page(first: null) { edges { node { id } } } }', {}],
    [1 + 20 * 2, 'query ($n: Int) { page(first: $n) { edges { node { id } } } }', {}],
    [1 + 6 * 2, 'query ($n: Int) { page(first: $n) { edges { node { id } } } }', { n: null }],
    [1 + 3 + 10, '{ page(first: 3) { edges { cursor } nodes { id } total } }', {}],
    [1 + 3 * 2, '{ page(first: 3) { ...E } } fragment E on Connection { edges { node { id } } }', {}],
    [9, '{ either { id } }', {}],
    [6, '{ either(a: 2, b: 6) { id } }', {}],
  ])('%d for the list of %s with %j', (expected, source, variables) => {
    expect(cost(source, variables)).toBe(expected);
  });

  it.each<[number, string, Record<string, unknown>]>([
    [1, '{ find { id } }', {}],
    [1, '{ find(plain: "x") { id } }', {}],
    [3, '{ find(id: "x") { id } }', {}],
    [1, '{ find(id: null, filter: null) { id } }', {}],
    [2, '{ find(filter: {}) { id } }', {}],
    [2, '{ find(filter: { text: "x", colors: [RED, RED] }) { id } }', {}],
    [6, '{ find(filter: { weight: 1 }) { id } }', {}],
    [7, '{ find(filter: { nested: { weight: 1 } }) { id } }', {}],
    [3, '{ find(filters: [{}, {}]) { id } }', {}],
    [4, 'query ($f: [Filter!]) { find(filters: $f) { id } }', { f: [{}, {}, {}] }],
    [6, 'query ($w: Int) { find(filter: { weight: $w }) { id } }', { w: 5 }],
    [7, 'query ($f: Filter = { nested: { weight: 2 } }) { find(filter: $f) { id } }', {}],
  ])('%d for the arguments of %s with %j', (expected, source, variables) => {
    expect(cost(source, variables)).toBe(expected);
  });

  it.each<[number, Record<string, unknown>]>([
    [1 + 7, { with: true }],
    [1, { with: false }],
    [1 + 7, {}],
  ])('%d for the included part of a conditional operation with %j', (expected, variables) => {
    const source = `query ($with: Boolean! = true) {
      object { id } heavy @include(if: $with) { id } heavyScalar @skip(if: true) ... @include(if: false) { list { id } }
    }`;
    expect(cost(source, variables)).toBe(expected);
  });

  it('small for introspection, which calls no subgraph', () => {
    expect(cost(getIntrospectionQuery())).toBeLessThan(100);
  });

  it('that of the named operation, and an error if there is none', () => {
    const source = 'query A { scalar } query B { heavy { id } } query constructor { typed { id } }';
    expect(cost(source, {}, 'B')).toBe(7);
    expect(cost(source, {}, 'constructor')).toBe(11);
    for (const name of ['C', 'toString', undefined]) {
      expect(rejection(() => cost(source, {}, name))).toBe('OPERATION_RESOLUTION_FAILURE');
    }
  });

  it('undefined if @listSize requires one slicing argument and there is not exactly one', () => {
    for (const args of ['', '(first: 1, last: 1)', '(first: null)']) {
      expect(rejection(() => cost(`{ sliced${args} { id } }`))).toBe('BAD_USER_INPUT');
    }
  });

  it('read under any names with which the subgraphs imported the directives', () => {
    const renamed = compose(SCHEMA.replaceAll('@cost', '@price').replaceAll('@listSize', '@howMany'), [
      { name: '@cost', as: '@price' },
      { name: '@listSize', as: '@howMany' },
    ]);
    expect(cost('{ heavy { id } assumed { id } }', {}, undefined, renamed)).toBe(11);
  });

  it('independent of variables that are not declared, or named like members of objects', () => {
    const source = 'query ($constructor: Int, $__proto__: Int = 3) { a: sliced(first: $__proto__) { id } }';
    expect(cost(source, { extra: 1 })).toBe(3);
    expect(cost(source, JSON.parse('{"__proto__": 6, "constructor": 1}'))).toBe(6);
  });
});

it.each([
  ['Book.rating', '{ media { rating } }'],
  ['Book.rating', '{ rated { rating } }'],
  ['Media.rating', '{ media { ... on Book { rating } } }'],
  ['Media.rating', '{ rated { rating } }'],
])('calls of %s are counted in %s', (coordinate, source) => {
  const limits = { limited: findLimitedFields(model.schema, [coordinate]), argumentsOf: () => [] };
  const calls = compileFieldCalls(model, limits, { document: parse(source), name: undefined });
  expect(calls({})).toMatchObject([{ coordinate, calls: 1 }]);
});

describe('for every operation,', () => {
  const field = fc.constantFrom(
    'heavy { id }',
    'list { parts { id } }',
    'page(first: 7) { edges { node { id } } }',
    'find(filter: { weight: 1 }) { id }',
    'heavyScalar',
  );

  it('n aliases cost n times the field, as do n spreads of its fragment', () => {
    fc.assert(
      fc.property(field, fc.integer({ min: 1, max: 30 }), (selection, n) => {
        const once = cost(`{ ${selection} }`);
        const indices = Array.from({ length: n }, (_, index) => index);
        const aliased = `{ ${indices.map((index) => `a${index}: ${selection}`).join(' ')} }`;
        const spread = `{ ${indices.map(() => '...F').join(' ')} } fragment F on Query { ${selection} }`;
        const inline = `{ ${indices.map(() => `... { ... on Query { ${selection} } }`).join(' ')} }`;
        expect([cost(aliased), cost(spread), cost(inline)]).toEqual([n * once, n * once, n * once]);
      }),
    );
  });

  it('an additional selection never reduces the cost', () => {
    fc.assert(
      fc.property(
        fc.array(field, { minLength: 1 }),
        field,
        fc.nat(100),
        fc.nat(100),
        (fields, more, first, plus) => {
          expect(cost(`{ ${[...fields, more].join(' ')} }`)).toBeGreaterThanOrEqual(
            cost(`{ ${fields.join(' ')} }`),
          );
          const page = 'query ($n: Int) { page(first: $n) { edges { node { parts { id } } } } }';
          expect(cost(page, { n: first + plus })).toBeGreaterThanOrEqual(cost(page, { n: first }));
        },
      ),
    );
  });

  it('the cost is a whole number from 1 to 2^53 - 1, for any value of a variable', () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.integer(),
      fc.constantFrom(Infinity, -1, 2 ** 53, Number.NaN),
    );
    const source =
      'query ($n: Int, $f: Filter) { page(first: $n) { edges { node { id } } } find(filter: $f) { id } }';
    const evaluate = compileCost(model, parse(source), undefined);
    fc.assert(
      fc.property(anything, anything, (n, f) => {
        const result = evaluate({ n, f });
        expect(Number.isSafeInteger(result) && result >= 1).toBe(true);
      }),
    );
  });

  it('the cost is at most 2^53 - 1, and nested fragments are added up in milliseconds', (context) => {
    const levels = Array.from({ length: 60 }, (_, index) => index);
    const doubling = levels.map(
      (level) => `fragment F${level} on Item { ${level === 0 ? 'self { id }' : spreadsOf(level - 1)} }`,
    );
    const start = process.cpuUsage();
    expect(cost(`{ object { ...F59 } } ${doubling.join(' ')}`)).toBe(Number.MAX_SAFE_INTEGER);
    const { user, system } = process.cpuUsage(start);
    recordMeasurement(
      context,
      'CPU to calculate the cost of 2^60 selections, ms',
      ((user + system) / 1000).toFixed(1),
    );
    const deep = levels.reduce((inner) => `list { ${inner} }`, 'id').replaceAll('{ list', '{ parts');
    expect(cost(`{ ${deep} }`)).toBe(Number.MAX_SAFE_INTEGER);
  });
});

it('an evaluation takes microseconds', (context) => {
  const source = `query ($n: Int) { page(first: $n) { edges { node { id parts { id self { id } } } } }
    find(filter: { weight: $n }) { ...I } list { ...I } } fragment I on Item { id parts { id } }`;
  const evaluate = compileCost(model, parse(source), undefined);
  for (let round = 0; round < 10_000; round++) evaluate({ n: round });
  const start = performance.now();
  for (let round = 0; round < 10_000; round++) evaluate({ n: round });
  const micros = (performance.now() - start) / 10;
  recordMeasurement(context, 'evaluation of a compiled cost, µs', micros.toFixed(2));
  expect(evaluate({ n: 1 })).toBeGreaterThan(1);
});

function cost(
  source: string,
  variables: Record<string, unknown> = {},
  operationName?: string,
  costs: CostModel = model,
): number {
  return compileCost(costs, parse(source), operationName)(variables);
}

function rejection(body: () => unknown): string {
  try {
    return String(body());
  } catch (error) {
    return codeOf(error);
  }
}

/** Selects the lower level twice, once in a sized list, so that every reuse has to consider its size. */
function spreadsOf(level: number): string {
  return `a: tags(first: 1) { ...F${level} } b: tags(first: 1) { ...F${level} }`;
}

/** Returns the costs of a subgraph after composition. */
function compose(schema: string, imports: readonly unknown[] = ['@cost', '@listSize']): CostModel {
  const list = imports
    .map((item) => JSON.stringify(item).replaceAll('"name"', 'name').replaceAll('"as"', 'as'))
    .join(', ');
  const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: [${list}])`;
  const result = composeServices([{ name: 'all', url: 'http://all', typeDefs: parse(`${link} ${schema}`) }]);
  if (result.supergraphSdl === undefined) throw new Error(result.errors.map(String).join('\n'));
  return readCostModel(result.supergraphSdl, { defaultListSize: 10 });
}
