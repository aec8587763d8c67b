import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FEDERATION_ONE, federationOneSupergraph } from '../support/graphs/federation-one-graph.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';

const E1 = { id: '7', sku: 70 };
const V0 = { __typename: 'V0', note: 'n', width: 3, label: 'l' };

const SERVICES = {
  a: {
    sdl: FEDERATION_ONE.a,
    resolvers: {
      Query: { a0: () => ({ id: '1', f0: 'four', f1: V0, f3: [E1] }), a1: () => [E1] },
      E0: { __resolveReference: () => ({ id: '1', f0: 'four', f1: V0 }) },
      E1: { f1: () => 'of a', f2: () => V0 },
    },
  },
  b: {
    sdl: FEDERATION_ONE.b,
    resolvers: {
      Query: { b0: () => E1, b1: () => [V0] },
      E1: { __resolveReference: () => E1, f0: () => 5, f4: () => V0 },
    },
  },
  c: {
    sdl: FEDERATION_ONE.c,
    resolvers: {
      Query: { c0: () => [{ id: '1' }] },
      E0: { cOf0: ({ f0, f1 }: { f0: string; f1: { note: string } }) => f0.length + f1.note.length },
      E1: { cOf0: ({ f0 }: { f0: number }) => `twice ${2 * f0}` },
    },
  },
};

const QUERY =
  '{ a0 { f3 { sku f0 f1 f2 { label } cOf0 } cOf0 } b1 { __typename ... on V0 { note } } c0 { f0 cOf0 } }';

const EXPECTED = {
  a0: { f3: [{ sku: 70, f0: 5, f1: 'of a', f2: { label: 'l' }, cOf0: 'twice 10' }], cOf0: 5 },
  b1: [{ __typename: 'V0', note: 'n' }],
  c0: [{ f0: 'four', cOf0: 5 }],
};

const started = startSmallGraph({ services: SERVICES, config: 'supergraph: { watch: false }' });
afterAll(async () => (await started)[Symbol.asyncDispose]());

test('subgraphs of Federation 1 are composed and served', async () => {
  const graph = await started;
  expect(await graph.query(QUERY)).toEqual({ data: EXPECTED });
});

test('a supergraph that Federation 1 composed is served', async () => {
  const { services } = await started;
  const folder = await mkdtemp(join(tmpdir(), 'tributary-federation-one-'));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
  const file = join(folder, 'supergraph.graphql');
  const url = (name: string) => services.get(name)?.url ?? '';
  await writeFile(file, federationOneSupergraph({ a: url('a'), b: url('b'), c: url('c') }));
  await using graph = await startSmallGraph({ services: {}, env: { SUPERGRAPH: file } });
  expect(await graph.query(QUERY)).toEqual({ data: EXPECTED });
});
