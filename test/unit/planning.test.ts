import { parse, print } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createPlanner } from '../../router/planning/planner.ts';
import type { PlanOutcome } from '../../router/planning/planner.ts';
import { renameForPlanning } from '../../router/planning/renames.ts';
import { composed } from '../differential/compose.ts';

const supergraphSdl = composed({
  a: 'type Query { node: Node! } type Node @key(fields: "id") { id: ID! a: Int toB: Node! @shareable }',
  b: 'type Node @key(fields: "id") { id: ID! b: Int toB: Node! @shareable toA: Node! }',
});

const known = { document: '{ node { a b } }', operationName: undefined };

/** Every field can be had from each of six subgraphs, at each of ten levels: planning it takes minutes. */
const tangle = composed(
  Object.fromEntries(
    Array.from({ length: 6 }, (_, service) => [
      `service${service}`,
      `type Query { node${service}: Node! }
       type Node @key(fields: "id") { id: ID! a: Int @shareable b: Int @shareable next: Node! @shareable }`,
    ]),
  ),
);
const endless = {
  document: `{ node0 { ${'next { a b '.repeat(10)}${'}'.repeat(10)} } }`,
  operationName: undefined,
};

function codeOf(outcome: PlanOutcome): string {
  return outcome.kind === 'refused' ? outcome.error.code : outcome.kind;
}

describe('the planner', () => {
  test('plans an operation of a document with several', async () => {
    await using planner = await createPlanner({ supergraphSdl, timeoutMs: 60_000 });
    const document = 'query A { node { a } } query B { node { b } }';
    const outcome = await planner.plan({ document, operationName: 'A' });
    expect(outcome).toEqual({
      kind: 'planned',
      length: expect.any(Number),
      renames: { fields: [], variables: [] },
      plan: {
        kind: 'QueryPlan',
        node: {
          kind: 'Fetch',
          serviceName: 'a',
          variableUsages: [],
          operation: '{node{a}}',
          operationKind: 'query',
        },
      },
    });
  });

  test('plans once for all who wait for the same operation', async () => {
    await using planner = await createPlanner({ supergraphSdl, timeoutMs: 60_000 });
    const waiting = [planner.plan(known), planner.plan({ ...known })];
    const [first, second] = await Promise.all(waiting);
    expect(first?.kind).toBe('planned');
    expect(second).toBe(first);
  });

  test('gives up after the time limit and plans on in a fresh thread', async () => {
    await using planner = await createPlanner({ supergraphSdl: tangle, timeoutMs: 2000 });
    expect(codeOf(await planner.plan(endless))).toBe('PLANNING_TIMEOUT');
    const next = { document: '{ node1 { a } }', operationName: undefined };
    expect(codeOf(await planner.plan(next))).toBe('planned');
  });

  test('refuses at once when too many operations wait', async () => {
    await using planner = await createPlanner({ supergraphSdl, timeoutMs: 60_000, maxWaiting: 1 });
    const documents = ['{ node { a } }', '{ node { b } }', '{ node { id } }'];
    const outcomes = await Promise.all(
      documents.map((document) => planner.plan({ document, operationName: undefined })),
    );
    expect(outcomes.map(codeOf)).toEqual(['planned', 'planned', 'PLANNING_TIMEOUT']);
  });

  test('answers what still waits when it is disposed of', async () => {
    const planner = await createPlanner({ supergraphSdl, timeoutMs: 60_000 });
    const waiting = [known, { ...known, document: '{ node { a } }' }].map((operation) =>
      planner.plan(operation),
    );
    await planner[Symbol.asyncDispose]();
    expect((await Promise.all(waiting)).map(codeOf)).toEqual(['SHUTTING_DOWN', 'SHUTTING_DOWN']);
    expect(codeOf(await planner.plan(known))).toBe('SHUTTING_DOWN');
  });

  test('does not start on what is no supergraph', async () => {
    const starting = createPlanner({ supergraphSdl: 'type Query { a: Int }', timeoutMs: 1000 });
    await expect(starting).rejects.toThrow('the supergraph cannot be planned against: ');
  });
});

describe('renaming a document for planning', () => {
  const renames = {
    fields: [['id:name(of: $representations)', 'r1_id']],
    variables: [['representations', 'r1']],
  } as const;

  test('changes aliases and variables and keeps locations', () => {
    const document = parse('query ($representations: Int) { id: name(of: $representations) b { id } }');
    const renamed = renameForPlanning(document, renames);
    expect(print(renamed)).toBe(print(parse('query ($r1: Int) { r1_id: name(of: $r1) b { id } }')));
    expect(renamed.definitions[0]?.loc).toBe(document.definitions[0]?.loc);
  });

  test('returns the same document when there is nothing to rename', () => {
    const document = parse('{ a }');
    expect(renameForPlanning(document, { fields: [], variables: [] })).toBe(document);
  });
});
