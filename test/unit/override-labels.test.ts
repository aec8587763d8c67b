import { buildSchema, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { Supergraph } from '@apollo/federation-internals';
import { createOverrideEvaluation } from '../../router/operation/evaluate-overrides.ts';
import { readOverrideLabels } from '../../router/planning/override-labels.ts';
import { percentOf } from '../../router/shared/percent-label.ts';
import type { Caller } from '../../router/request/caller.ts';
import { composeServices } from '@apollo/composition';

function callerAt(address: string): Caller {
  return { request: { address, headers: {} }, identity: { kind: 'anonymous' } } as unknown as Caller;
}

function user(id: string, address = '192.0.2.1'): Caller {
  const identity = { kind: 'user', issuer: 'https://issuer.test', id };
  return { request: { address, headers: {} }, identity } as unknown as Caller;
}

describe('percent(n)', () => {
  const evaluate = createOverrideEvaluation({});

  test('is true for n percent of 20,000 callers, within 1 %', () => {
    const callers = Array.from({ length: 20_000 }, (_, index) =>
      index % 2 === 0
        ? user(`u${index}`)
        : callerAt(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`),
    );
    for (const percent of [0, 0.5, 25, 50, 100]) {
      const on = callers.filter((caller) => evaluate([`percent(${percent})`], caller).length > 0);
      expect(Math.abs((on.length / callers.length) * 100 - percent)).toBeLessThan(1);
    }
  });

  test('is independent of other labels', () => {
    const labels = ['percent(50)', 'percent(49.5)'];
    const both = Array.from({ length: 20_000 }, (_, index) => evaluate(labels, user(`u${index}`)).length);
    const share = (count: number) => both.filter((length) => length === count).length / both.length;
    for (const count of [0, 2]) expect(Math.abs(share(count) - 0.25)).toBeLessThan(0.01);
  });

  test('depends on the user and not on the address, and on the network of an address', () => {
    const labels = Array.from({ length: 50 }, (_, index) => `percent(${index + 25})`);
    const sides = (caller: Caller) => evaluate(labels, caller).join();
    expect(sides(user('u1', '192.0.2.1'))).toBe(sides(user('u1', '192.0.2.2')));
    expect(sides(callerAt('2001:db8::1'))).toBe(sides(callerAt('2001:db8::2')));
    expect(sides(callerAt('2001:db8::1'))).not.toBe(sides(callerAt('2001:db8:0:1::1')));
  });

  test('of a configured label can rise without moving a caller back', () => {
    const on = (percent: number) => {
      const configured = createOverrideEvaluation({ rollout: { percent } });
      return Array.from({ length: 1000 }, (_, index) => index).filter(
        (index) => configured(['rollout'], user(`u${index}`)).length > 0,
      );
    };
    expect(on(30)).toEqual(expect.arrayContaining(on(10)));
  });

  test.each([
    ['percent(25)', 25],
    ['percent(0.00000001)', 0.000_000_01],
    ['percent(100)', 100],
    ['percent(101)', undefined],
    ['percent', undefined],
  ])('%s is %s', (label, percent) => expect(percentOf(label)).toBe(percent));
});

/** Apollo's check rejects requirements of a field with a label, which other compositions accept. */
function composedUnchecked(subgraphs: Readonly<Record<string, string>>): string {
  const link =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@override", "@requires", "@external"])';
  const services = Object.entries(subgraphs).map(([name, sdl]) => ({
    name,
    url: `http://${name}.test/`,
    typeDefs: parse(link + sdl),
  }));
  const { supergraphSdl, errors } = composeServices(services, { runSatisfiability: false });
  if (supergraphSdl === undefined) throw new Error(errors?.join());
  return supergraphSdl;
}

describe('the labels of an operation', () => {
  const sdl = composedUnchecked({
    old: `type Query { a: A node: Node }
      interface Node { id: ID! name: String }
      type A implements Node @key(fields: "id") @key(fields: "code") { id: ID! code: String! name: String size: Int b: B }
      type B @key(fields: "id") { id: ID! plain: Int depth: Int }`,
    new: `type A @key(fields: "id") @key(fields: "code") {
        id: ID!
        code: String! @override(from: "old", label: "code")
        name: String @override(from: "old", label: "name")
        size: Int @override(from: "old", label: "size")
      }
      type B @key(fields: "id") { id: ID! depth: Int @override(from: "old", label: "depth") }`,
    more: `type A @key(fields: "id") {
        id: ID! size: Int @external b: B @external weight: Int @requires(fields: "size b { depth }")
      }
      type B @key(fields: "id") { id: ID! depth: Int @external }`,
  });
  const supergraph = Supergraph.build(sdl);
  const schema = supergraph.schema.toGraphQLJSSchema();
  const { fields, ofOperation } = readOverrideLabels(sdl, schema);
  const labels = (document: string, name?: string) => ofOperation(parse(document), name);

  test('are those of its fields, of their required fields, and of keys', () => {
    expect([...fields.keys()].sort()).toEqual(['code', 'depth', 'name', 'size']);
    expect(labels('{ a { b { plain } } }')).toEqual(['code']);
    expect(labels('{ a { size } }')).toEqual(['code', 'size']);
    expect(labels('{ a { weight } }')).toEqual(['code', 'depth', 'size']);
    expect(labels('{ node { name } }')).toEqual(['code', 'name']);
    expect(
      labels('query A { a { size } } query B { ...F } fragment F on Query { a { b { depth } } }', 'B'),
    ).toEqual(['code', 'depth']);
  });

  test('are none in a supergraph without labels', () => {
    const none = readOverrideLabels('type Query { a: Int }', buildSchema('type Query { a: Int }'));
    expect([none.fields.size, none.ofOperation(parse('{ a }'), undefined)]).toEqual([0, []]);
  });
});
