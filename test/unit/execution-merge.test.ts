import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import type { FetchShape } from '../../router/execution/fetch/fetch-shape.ts';
import type { JsonObject } from '../../router/shared/json.ts';
import { compileMerge } from '../../router/execution/compile/merge.ts';
import { Copies } from '../../router/execution/compile/copies.ts';
import { supergraphTypes } from '../../router/execution/codegen/supergraph-types.ts';

const types = supergraphTypes(
  buildSchema('type Query { a: Int } interface Media { id: ID } type Book implements Media { id: ID }'),
);

const leaves = (...keys: string[]): FetchShape => new Map(keys.map((key) => [key, undefined]));
const sizeOnly: FetchShape = new Map([['size', leaves('height')]]);

function mergeOnce(shape: FetchShape, target: JsonObject, source: JsonObject): JsonObject {
  compileMerge(shape, types)(target, source, new Copies());
  return target;
}

test('adding fields to an object at one position does not change it at another', () => {
  const size = { width: 7 };
  const first: JsonObject = { size };
  const second: JsonObject = { size };
  mergeOnce(sizeOnly, first, { size: { height: 9 } });
  expect([first, second]).toEqual([{ size: { width: 7, height: 9 } }, { size: { width: 7 } }]);
});

test('a fetch in flight updates the copies of its objects', () => {
  const copies = new Copies();
  const size: JsonObject = { width: 7 };
  const place: JsonObject = { size };
  compileMerge(sizeOnly, types)(place, { size: { height: 9 } }, copies);
  compileMerge(leaves('depth'), types)(size, { depth: 5 }, copies);
  expect(place).toEqual({ size: { width: 7, height: 9, depth: 5 } });
});

test('lists are merged item by item', () => {
  const shape: FetchShape = new Map([['sizes', leaves('height')]]);
  expect(
    mergeOnce(shape, { sizes: [{ width: 1 }, null] }, { sizes: [{ height: 2 }, { height: 3 }] }),
  ).toEqual({
    sizes: [{ width: 1, height: 2 }, null],
  });
});

test('null wins, in whatever order responses arrive', () => {
  expect(mergeOnce(sizeOnly, { size: { width: 7 } }, { size: null })).toEqual({ size: null });
  expect(mergeOnce(sizeOnly, { size: null }, { size: { height: 9 } })).toEqual({ size: null });
});

test('the name of an interface does not replace that of an object type', () => {
  const shape = leaves('__typename');
  expect(mergeOnce(shape, { __typename: 'Book' }, { __typename: 'Media' })).toEqual({ __typename: 'Book' });
  expect(mergeOnce(shape, { __typename: 'Media' }, { __typename: 'Book' })).toEqual({ __typename: 'Book' });
});

test('reads only requested fields, and treats __proto__ as a key', () => {
  const source: unknown = JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"extra":2}');
  const target = mergeOnce(leaves('__proto__', 'constructor'), {}, source as JsonObject);
  expect(JSON.stringify(target)).toBe('{"__proto__":{"polluted":true},"constructor":1}');
  expect(Object.getPrototypeOf(target)).toBe(Object.prototype);
  expect('polluted' in {}).toBe(false);
});
