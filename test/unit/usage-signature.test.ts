import { buildSchema, parse, print, validate } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { describeOperation } from '../../router/usage/signature/describe-operation.ts';
import type { OperationDescription } from '../../router/usage/signature/describe-operation.ts';
import { generateGraph } from '../differential/generate-graph.ts';
import { createGraph } from '../differential/graph.ts';
import { generateOperation } from '../differential/generate-operation.ts';

const SCHEMA = buildSchema(`
  type Query {
    book(id: ID!, lang: Lang = EN): Book
    search(filter: Filter!, first: Int, tags: [String!], weight: Float): [Media!]
    pets: [Pet!]
    log(event: JSON): Boolean
  }
  enum Lang { EN DE FR }
  input Filter { title: String! lang: Lang not: Filter ids: [ID!] }
  input Unused { a: Int }
  interface Media { title: String! }
  type Book implements Media { title: String! author: Author pages(unit: Unit): Int }
  type Author { name: String! book(id: ID!): Book }
  enum Unit { SHEETS SIDES }
  union Pet = Cat | Dog
  type Cat { name: String! }
  type Dog { name: String }
  scalar JSON
`);

function described(source: string, schema: GraphQLSchema = SCHEMA, name?: string): OperationDescription {
  const document = parse(source);
  expect(validate(schema, document)).toEqual([]);
  return describeOperation(
    { document, name, type: 'query' },
    {
      schema,
      slicingArguments: (parent, field) => (`${parent.name}.${field}` === 'Query.search' ? ['first'] : []),
    },
  );
}

const bodyOf = (source: string) => described(source).body.replaceAll(/\s+/g, ' ');

describe('the recorded body', () => {
  test.each([
    ['strings', '{ book(id: "Ada") { title } }', '{ book(id: "") { title } }'],
    ['integers', '{ book(id: 17) { title } }', '{ book(id: 0) { title } }'],
    ['block strings', '{ book(id: """Ada""") { title } }', '{ book(id: "") { title } }'],
    [
      'floats',
      '{ search(filter: { title: "a" }, weight: 1.5) { title } }',
      '{ search(filter: {title: ""}, weight: 0.0) { title } }',
    ],
    [
      'comments and descriptions',
      '"For Ada" query A { pets { __typename } } # Ada',
      'query A { pets { __typename } }',
    ],
    [
      'items of lists',
      '{ search(filter: { title: "a", ids: [1, 2, "c"] }, tags: ["x", "y"]) { title } }',
      '{ search(filter: {ids: ["", 0], title: ""}, tags: [""]) { title } }',
    ],
    [
      'a single item for a list',
      '{ search(filter: { title: "a", ids: 7 }) { title } }',
      '{ search(filter: {ids: 0, title: ""}) { title } }',
    ],
    [
      'defaults of variables',
      'query A($f: Filter! = { title: "Ada", lang: DE }) { search(filter: $f) { title } }',
      'query A($f: Filter! = {lang: DE, title: ""}) { search(filter: $f) { title } }',
    ],
    ['values of custom scalars with their keys', '{ log(event: { ada: [ENUM, 1] }) }', '{ log(event: {}) }'],
    ['names in custom scalars', '{ log(event: ADA) }', '{ log(event: "") }'],
  ])('has no %s', (_, source, body) => {
    expect(bodyOf(source)).toBe(body);
  });

  test.each([
    [
      'enum values',
      '{ book(id: 1, lang: DE) { title pages(unit: SIDES) } }',
      '{ book(id: 0, lang: DE) { pages(unit: SIDES) title } }',
    ],
    [
      'required input fields',
      '{ search(filter: { title: "a", not: { title: "b" } }) { title } }',
      '{ search(filter: {not: {title: ""}, title: ""}) { title } }',
    ],
    [
      'booleans and null',
      '{ book(id: 1, lang: null) { title @skip(if: true) } }',
      '{ book(id: 0, lang: null) { title @skip(if: true) } }',
    ],
    [
      'page sizes of @listSize',
      'query A($n: Int = 20) { a: search(filter: { title: "a" }, first: 50) { title } b: search(filter: { title: "a" }, first: $n) { title } }',
      'query A($n: Int = 20) { search(filter: {title: ""}, first: $n) { title } search__2: search(filter: {title: ""}, first: 50) { title } }',
    ],
    [
      'variables in custom scalars',
      'query A($v: Int, $w: Int) { log(event: { b: $w, a: { c: $v } }) }',
      'query A($v: Int, $w: Int) { log(event: [$v, $w]) }',
    ],
    [
      'no reserved name for a field that shares an alias with __typename',
      '{ pets { ... on Cat { secret: __typename } ... on Dog { secret: name } } }',
      '{ pets { ... on Cat { name: __typename } ... on Dog { name } } }',
    ],
  ])('has %s', (_, source, body) => {
    expect(bodyOf(source)).toBe(body);
  });

  test('is equal for operations that differ in aliases, order, whitespace and literals only', () => {
    const one = described(
      'query B($l: Lang, $i: ID!) { one: book(lang: $l, id: $i) { t: title ...F } ...G } fragment G on Query { pets { __typename } } fragment F on Book { pages }',
    );
    const other = described(
      'fragment F on Book{pages},fragment G on Query{pets{kind:__typename}} query B($i: ID!, $l: Lang) { ...G book(id: $i, lang: $l) { ...F title } }',
    );
    expect(other.body).toBe(one.body);
    expect(other.signature).toBe(one.signature);
    expect(one.signature).toMatch(/^[\da-f]{64}$/);
  });

  test('has only the operation that was requested, and its fragments', () => {
    const source = 'query A { pets { ...C } } query B { log } fragment C on Cat { name }';
    expect(described(source, SCHEMA, 'B').body).toBe('query B {\n  log\n}');
    expect(described(source, SCHEMA, 'A').fields).toEqual(['Cat.name', 'Query.pets']);
  });

  test.each([
    [
      'the same field with other arguments',
      'query A($i: ID!, $j: ID!) { user_ada: book(id: $i) { title } user_bob: book(id: $j) { title } }',
    ],
    [
      'fields of other types in other objects',
      '{ pets { ... on Cat { catName: name } ... on Dog { dogName: name } } }',
    ],
    [
      'names that another field has',
      '{ a: log b: log log__2: pets { __typename } x: __typename y: __typename }',
    ],
    ['a name of another field', '{ log: pets { __typename } pets: log }'],
    [
      'nested fields',
      '{ a: book(id: 1) { n: author { b: book(id: 1) { title } c: book(id: 2) { pages } } } b: book(id: 2) { author { book(id: 3) { title } } } }',
    ],
  ])('stays valid without the aliases of %s', (_, source) => {
    const { body } = described(source);
    expect(validate(SCHEMA, parse(body))).toEqual([]);
    expect(body).not.toMatch(/ada|bob|catName|dogName/);
    expect(described(body).body).toBe(body);
  });

  test.each([
    [
      'a common alias of fields of different objects',
      'type Query { one: Any } union Any = A | B type A { x: Int } type B { y: Int }',
      ['y: Int }', 'y: Int! }'],
      '{ one { ... on A { secret: x } ... on B { secret: y } } }',
      '{ one { ... on A { x } ... on B { x: y } } }',
    ],
    [
      'a name that one field has as its alias and another one without',
      'type Query { one: Any } union Any = A | B type A { x: Int } type B { y: Int }',
      ['y: Int }', 'y: String }'],
      '{ one { ... on A { y: x } ... on B { y } } }',
      '{ one { ... on A { x } ... on B { x: y } } }',
    ],
    [
      'a common alias in nested objects of different fields',
      'type Query { one: Any } union Any = A | B type A { x: C } type B { y: D } type C { z: Int } type D { z: Int }',
      ['D { z: Int }', 'D { z: [Int] }'],
      '{ one { ... on A { secret: x { z } } ... on B { secret: y { z } } } }',
      '{ one { ... on A { x { z } } ... on B { x: y { z } } } }',
    ],
  ])('is invalid for the same schemas as %s', (_, sdl, [before, after], source, body) => {
    const earlier = buildSchema(sdl);
    const later = buildSchema(sdl.replace(before ?? '', after ?? ''));
    const recorded = described(source, earlier).body;
    expect(recorded.replaceAll(/\s+/g, ' ')).toBe(body);
    expect(validate(later, parse(source))).not.toEqual([]);
    expect(validate(later, parse(recorded))).not.toEqual([]);
    expect(described(recorded, earlier).body).toBe(recorded);
  });
});

test('names fields, arguments, input fields and enum values that an operation uses', () => {
  expect(
    described(
      'query A($f: Filter!, $u: Unit = SHEETS) { search(filter: $f, first: 5) { title ... on Book { pages(unit: $u) __typename } } book(id: 1, lang: FR) { title } __schema { types { name } } }',
    ),
  ).toMatchObject({
    name: undefined,
    fields: ['Book.pages', 'Book.title', 'Media.title', 'Query.book', 'Query.search'],
    arguments: [
      'Book.pages(unit:)',
      'Query.book(id:)',
      'Query.book(lang:)',
      'Query.search(filter:)',
      'Query.search(first:)',
    ],
    inputFields: ['Filter.ids', 'Filter.lang', 'Filter.not', 'Filter.title'],
    enumValues: ['Lang.DE', 'Lang.EN', 'Lang.FR', 'Unit.SHEETS', 'Unit.SIDES'],
  });
});

test('is valid and uses the same coordinates for random operations', () => {
  let operations = 0;
  for (let seed = 0; seed < 6; seed += 1) {
    const schema = createGraph(`usage ${seed}`, generateGraph(`usage ${seed}`))?.apiSchema;
    if (schema === undefined) continue;
    for (let number = 0; number < 25; number += 1) {
      const generated = generateOperation(schema, `usage ${seed} ${number}`);
      if (generated === undefined) continue;
      operations += 1;
      const { body, signature, ...used } = described(generated.document, schema, generated.operationName);
      const { body: again, signature: same, ...usedAgain } = described(body, schema, generated.operationName);
      expect(again).toBe(body);
      expect(same).toBe(signature);
      expect(usedAgain).toEqual(used);
      expect(print(parse(body))).toBe(body);
    }
  }
  expect(operations).toBeGreaterThan(60);
});
