import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  letrec,
  oneof,
  tuple,
} from '../support/runs/properties.ts';
import { buildSchema, parse } from 'graphql';
import type { QueryPlan } from '@apollo/query-planner';
import { describe, expect, test } from 'vitest';
import { compileOperation } from '../../router/execution/compile/compile.ts';
import { executeCompiled } from '../../router/execution/run/execute.ts';
import { received } from '../support/graphs/federated-graph.ts';

const schema = buildSchema(`
  type Query {
    int: Int float: Float string: String boolean: Boolean id: ID color: Color any: Any
    ints: [Int!] grid: [[Int!]] list: [Item] item: Item one: One! shape: Shape
  }
  scalar Any
  enum Color { RED }
  type Item { id: ID! next: Item items: [Item!] }
  type One { value: Int! inner: One }
  interface Shape { name: String }
  type Circle implements Shape { name: String radius: Float }
  type Square implements Shape { name: String side: Float }
`);

/** A fetch of the whole operation from one service, which responds with the text. */
async function complete(operation: string, dataText: string) {
  const node = {
    kind: 'Fetch',
    serviceName: 's',
    operation,
    operationKind: 'query',
    operationName: undefined,
  } as const;
  const plan = { kind: 'QueryPlan', node: { ...node, operationKind: 'query' } } as unknown as QueryPlan;
  const document = parse(operation);
  const compiled = compileOperation({ apiSchema: schema, supergraphSchema: schema, document, plan });
  return executeCompiled(compiled, {
    variables: {},
    send: async () => received(JSON.parse(`{"data":${dataText}}`)),
    signal: new AbortController().signal,
  });
}

const wrong = (path: readonly (string | number)[], message: string) => ({
  message,
  path,
  extensions: { code: 'SUBGRAPH_INVALID_RESPONSE', service: 's' },
});

describe('a leaf', () => {
  test.for([
    ['int', '1'],
    ['int', '-2147483648'],
    ['float', '1.5'],
    ['float', '2'],
    ['string', '"a\\"\\u0007\\ud800é"'],
    ['boolean', 'false'],
    ['id', '"x"'],
    ['color', '"RED"'],
    ['any', '{"a":[1,null,{"__proto__":2}]}'],
    ['any', '0'],
    ['ints', '[1,2]'],
    ['ints', '[]'],
    ['grid', '[[1],null,[]]'],
  ] as const)('of the type of %s passes as %s', async ([name, text]) => {
    const { data, errors } = await complete(`{${name}}`, `{"${name}":${text}}`);
    expect(errors).toEqual([]);
    expect(data).toBe(`{"${name}":${text}}`);
  });

  test('of the type ID may be a number', async () => {
    expect((await complete('{id}', '{"id":5}')).data).toBe('{"id":"5"}');
  });

  test.for([
    ['int', '"1"', 'Int'],
    ['int', '1.5', 'Int'],
    ['int', '2147483648', 'Int'],
    ['int', '[1]', 'Int'],
    ['float', '1e400', 'Float'],
    ['float', '"1"', 'Float'],
    ['string', '1', 'String'],
    ['string', '{}', 'String'],
    ['boolean', '0', 'Boolean'],
    ['id', '1.5', 'ID'],
    ['id', '9007199254740993', 'ID'],
    ['id', 'true', 'ID'],
    ['color', '"BLUE"', 'Color'],
    ['color', '"constructor"', 'Color'],
    ['ints', '1', '[Int!]'],
    ['ints', '{"0":1}', '[Int!]'],
    ['item', '"x"', 'Item'],
    ['item', '[]', 'Item'],
    ['item', '{"__typename":"One","id":"1"}', 'Item'],
    ['list', '{}', '[Item]'],
    ['shape', '{"__typename":"Item"}', 'Shape'],
    ['shape', '{"__typename":"Hexagon"}', 'Shape'],
    ['shape', '{"__typename":"__proto__"}', 'Shape'],
  ] as const)('or other value of the type of %s is not %s', async ([name, text, type]) => {
    const selection = { item: '{id}', list: '{id}', shape: '{__typename name}' }[name as string] ?? '';
    const { data, errors } = await complete(`{${name}${selection}}`, `{"${name}":${text}}`);
    expect(data).toBe(`{"${name}":null}`);
    expect(errors).toEqual([wrong([name], `The value of Query.${name} is not of the type ${type}.`)]);
  });
});

describe('a null at a non-null field', () => {
  test.for([
    ['{ints}', '{"ints":[1,null]}', '{"ints":null}', ['ints', 1], 'Query.ints'],
    ['{grid}', '{"grid":[[1],[null]]}', '{"grid":[[1],null]}', ['grid', 1, 0], 'Query.grid'],
    [
      '{list{id}}',
      '{"list":[{"id":"1"},{"id":null},null]}',
      '{"list":[{"id":"1"},null,null]}',
      ['list', 1, 'id'],
      'Item.id',
    ],
    [
      '{item{items{id}}}',
      '{"item":{"items":[{"id":"1"},{"id":null}]}}',
      '{"item":{"items":null}}',
      ['item', 'items', 1, 'id'],
      'Item.id',
    ],
    ['{one{value}}', '{"one":{"value":null}}', 'null', ['one', 'value'], 'One.value'],
    [
      '{one{inner{value}}}',
      '{"one":{"inner":{"value":null}}}',
      '{"one":{"inner":null}}',
      ['one', 'inner', 'value'],
      'One.value',
    ],
  ] as const)('of %s in %s gives %s', async ([operation, response, expected, path, coordinate]) => {
    const { data, errors } = await complete(operation, response);
    expect(data).toBe(expected);
    expect(errors).toEqual([wrong(path, `Cannot return null for non-nullable ${coordinate}.`)]);
  });
});

test('a value of an interface without its type is null if the type is needed', async () => {
  const { data, errors } = await complete(
    '{shape{name ...on Circle{radius}}}',
    '{"shape":{"name":"c","radius":1}}',
  );
  expect(data).toBe('{"shape":null}');
  expect(errors).toEqual([
    {
      message: 'No service delivers Shape.__typename here.',
      path: ['shape'],
      extensions: { code: 'OPERATION_NOT_PLANNABLE' },
    },
  ]);
});

test('many wrong values cause a limited number of errors, and the number of the others', async () => {
  const items = Array.from({ length: 5000 }, () => '{"id":null}').join(',');
  const { data, errors, omittedErrors } = await complete('{list{id}}', `{"list":[${items}]}`);
  expect(data).toBe(`{"list":[${'null,'.repeat(4999)}null]}`);
  expect([errors.length, omittedErrors]).toEqual([500, 4500]);
  expect(errors[499]?.path).toEqual(['list', 499, 'id']);
});

describe('property names of every object', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];
  const name = constantFrom(...names);

  test.for(names)('%s is an alias like any other', async (alias) => {
    const { data, errors } = await complete(
      `{${alias}:item{id ${alias}:next{${alias}:id}} n:int}`,
      `{"${alias}":{"id":"1","${alias}":{"${alias}":"2"}},"n":1}`,
    );
    expect({ data, errors }).toEqual({
      data: `{"${alias}":{"id":"1","${alias}":{"${alias}":"2"}},"n":1}`,
      errors: [],
    });
  });

  test.for(names)('%s is absent if no service has sent it', async (alias) => {
    const { data, errors } = await complete(`{${alias}:item{id}}`, '{}');
    expect(data).toBe(`{"${alias}":null}`);
    expect(errors.map(({ path }) => path)).toEqual([[alias]]);
  });

  test('change no prototype in any response', async () => {
    const value = letrec((tie) => ({
      value: oneof({ maxDepth: 4 }, constantFrom('1', 'null', '"x"', '{}'), tie('object'), tie('list')),
      list: array(tie('value')).map((items) => `[${items.join(',')}]`),
      object: array(tuple(oneof(name, constantFrom('id', 'item', 'next')), tie('value'))).map(
        (entries) => `{${entries.map(([key, inner]) => `"${key}":${String(inner)}`).join(',')}}`,
      ),
    })).object;
    const before = Object.getOwnPropertyNames(Object.prototype);
    await assert(
      asyncProperty(value, name, async (response, alias) => {
        const operation = `{item{id next{id}} ${alias}:item{id ${alias}:items{id}} any}`;
        const { data } = await complete(operation, response);
        expect(Object.getPrototypeOf(JSON.parse(data) ?? {})).toBe(Object.prototype);
        expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });
});
