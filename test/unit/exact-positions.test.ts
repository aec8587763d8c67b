import { buildSchema, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { supergraphTypes } from '../../router/execution/codegen/supergraph-types.ts';
import { exactPositions } from '../../router/execution/codegen/exact-positions.ts';
import { parseExactJson } from '../../router/shared/exact-json.ts';

const types = supergraphTypes(
  buildSchema(`
    scalar Long
    scalar JSON
    type Query { item: Item items: [[Item]] }
    type Item { id: ID long: Long any: JSON int: Int float: Float below: Item }
  `),
);

function read(selection: string, data: string): string {
  const { roundOthers } = exactPositions(parse(`{${selection}}`), 'query', types);
  return JSON.stringify(roundOthers(parseExactJson(data)));
}

describe('exact numbers of a response', () => {
  test('stay exact at positions of custom scalars and IDs, and become doubles at all others', () => {
    const long = '9007199254740993';
    expect(
      read(
        'item{id long any int float below{long int}} items{long int}',
        `{"item":{"id":${long},"long":${long},"any":{"x":[1.0,${long}]},"int":1.0,"float":1e2,` +
          `"below":{"long":1.0,"int":2.0}},"items":[[{"long":${long},"int":3.0},null]]}`,
      ),
    ).toBe(
      `{"item":{"id":${long},"long":${long},"any":{"x":[1.0,${long}]},"int":1,"float":100,` +
        `"below":{"long":1.0,"int":2}},"items":[[{"long":${long},"int":3},null]]}`,
    );
  });

  test('become doubles in place of an object, so that completion finds a number', () => {
    expect(read('item{long}', '{"item":9007199254740993}')).toBe('{"item":9007199254740992}');
    expect(read('items{long}', '{"items":[1.0,[1e400]]}')).toBe('{"items":[1,[null]]}');
  });

  test('a property named __proto__ stays a property', () => {
    const { roundOthers } = exactPositions(parse('{item{__proto__:int long}}'), 'query', types);
    const data = roundOthers(parseExactJson('{"item":{"__proto__":1.0,"long":1.0}}'));
    expect(JSON.stringify(data)).toBe('{"item":{"__proto__":1,"long":1.0}}');
  });
});
