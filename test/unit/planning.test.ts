import { parse, print } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createPlanner } from '../../router/planning/planner.ts';
import type { PlanOutcome } from '../../router/planning/planner.ts';
import { startPlanningThread } from '../../router/planning/planning-thread.ts';
import type { PlanningThread, ThreadOutcome } from '../../router/planning/planning-thread.ts';
import { renameForPlanning } from '../../router/planning/prepare/renames.ts';
import { composed } from '../differential/compose.ts';

const supergraphSdl = composed({
  a: 'type Query { node: Node! } type Node @key(fields: "id") { id: ID! a: Int toB: Node! @shareable }',
  b: 'type Node @key(fields: "id") { id: ID! b: Int toB: Node! @shareable toA: Node! }',
});

const known = { document: '{ node { a b } }', operationName: undefined };

/** Every field is in each of six subgraphs, at each of ten levels: planning it takes minutes. */
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
  return outcome.kind === 'rejected' ? outcome.error.code : outcome.kind;
}

test('a planning thread that has ended reports it at once', async () => {
  const thread = await startPlanningThread(supergraphSdl);
  await thread[Symbol.asyncDispose]();
  expect((await thread.plan(known, 60_000)).kind).toBe('died');
});

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

  test('plans once for all callers that wait for the same operation', async () => {
    await using planner = await createPlanner({ supergraphSdl, timeoutMs: 60_000 });
    const waiting = [planner.plan(known), planner.plan({ ...known })];
    const [first, second] = await Promise.all(waiting);
    expect(first?.kind).toBe('planned');
    expect(second).toBe(first);
  });

  test('stops at the time limit and continues in a new thread', async () => {
    await using planner = await createPlanner({ supergraphSdl: tangle, timeoutMs: 2000 });
    expect(codeOf(await planner.plan(endless))).toBe('PLANNING_TIMEOUT');
    const next = { document: '{ node1 { a } }', operationName: undefined };
    expect(codeOf(await planner.plan(next))).toBe('planned');
  });

  test('rejects immediately if too many operations wait', async () => {
    await using planner = await createPlanner({ supergraphSdl, timeoutMs: 60_000, maxWaiting: 1 });
    const documents = ['{ node { a } }', '{ node { b } }', '{ node { id } }'];
    const outcomes = await Promise.all(
      documents.map((document) => planner.plan({ document, operationName: undefined })),
    );
    expect(outcomes.map(codeOf)).toEqual(['planned', 'planned', 'PLANNING_TIMEOUT']);
  });

  test('responds to waiting callers when it is disposed of', async () => {
    const planner = await createPlanner({ supergraphSdl, timeoutMs: 60_000 });
    const waiting = [known, { ...known, document: '{ node { a } }' }].map((operation) =>
      planner.plan(operation),
    );
    await planner[Symbol.asyncDispose]();
    expect((await Promise.all(waiting)).map(codeOf)).toEqual(['SHUTTING_DOWN', 'SHUTTING_DOWN']);
    expect(codeOf(await planner.plan(known))).toBe('SHUTTING_DOWN');
  });

  test('does not start with an invalid supergraph', async () => {
    const starting = createPlanner({ supergraphSdl: 'type Query { a: Int }', timeoutMs: 1000 });
    await expect(starting).rejects.toThrow('the supergraph cannot be planned against: ');
  });
});

/** Creates a planner with one thread that finishes a plan when the test releases it. */
async function startControlledPlanner(limits: { maxWaiting?: number; maxWaitingPerCaller?: number } = {}) {
  const order: string[] = [];
  const running: (() => void)[] = [];
  const thread: PlanningThread = {
    plan: ({ document }) => {
      order.push(document);
      const { promise, resolve } = Promise.withResolvers<ThreadOutcome>();
      running.push(() => resolve({ kind: 'rejected', message: document, length: 0 }));
      return promise;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const startThread = async () => thread;
  const planner = await createPlanner({ supergraphSdl, timeoutMs: 60_000, startThread, ...limits });
  return {
    order,
    plan: (caller: string | undefined, document: string) =>
      planner.plan({ document, operationName: undefined }, caller),
    /** Finishes the running plan repeatedly, until none is left. */
    async drain() {
      for (let end = running.shift(); end !== undefined; end = running.shift()) {
        end();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    [Symbol.asyncDispose]: () => planner[Symbol.asyncDispose](),
  };
}

describe('callers take turns at planning', () => {
  test('so a single operation waits only for the running plan', async () => {
    await using planner = await startControlledPlanner();
    for (const document of ['a1', 'a2', 'a3', 'a4']) void planner.plan('a', document);
    void planner.plan('b', 'b1');
    await planner.drain();
    expect(planner.order).toEqual(['a1', 'b1', 'a2', 'a3', 'a4']);
  });

  test('and planning without a caller has turns of its own', async () => {
    await using planner = await startControlledPlanner();
    for (const document of ['a1', 'a2', 'a3', 'a4']) void planner.plan('a', document);
    for (const document of ['warm1', 'warm2']) void planner.plan(undefined, document);
    for (const document of ['b1', 'b2']) void planner.plan('b', document);
    await planner.drain();
    expect(planner.order).toEqual(['a1', 'warm1', 'b1', 'a2', 'warm2', 'b2', 'a3', 'a4']);
  });

  test('and an operation that several callers wait for is planned once, in the first of their turns', async () => {
    await using planner = await startControlledPlanner();
    const outcomes = ['a1', 'a2', 'a3', 'a4'].map((document) => planner.plan('a', document));
    const joined = planner.plan('b', 'a4');
    void planner.plan('b', 'b1');
    void planner.plan('b', 'a1');
    await planner.drain();
    expect(planner.order).toEqual(['a1', 'a4', 'a2', 'b1', 'a3']);
    expect(await joined).toBe(await outcomes[3]);
  });

  test('and a caller with too many waiting operations is rejected alone', async () => {
    await using planner = await startControlledPlanner({ maxWaitingPerCaller: 2 });
    const [, , , a4] = ['a1', 'a2', 'a3', 'a4'].map((document) => planner.plan('a', document));
    void planner.plan('b', 'b1');
    const outcome = await a4;
    expect(outcome).toMatchObject({
      error: {
        code: 'PLANNING_TIMEOUT',
        headers: { 'retry-after': '1' },
        extensions: { retryAfterMs: 1_000 },
      },
    });
    await planner.drain();
    expect(planner.order).toEqual(['a1', 'b1', 'a2', 'a3']);
  });

  test('and in a full queue the longest lane makes room for a shorter one', async () => {
    await using planner = await startControlledPlanner({ maxWaiting: 4 });
    const outcomes = ['a1', 'a2', 'a3', 'a4', 'a5'].map((document) => planner.plan('a', document));
    void planner.plan('b', 'a5');
    for (const caller of ['c', 'd', 'e']) void planner.plan(caller, `${caller}1`);
    for (const displaced of outcomes.slice(1, 4)) expect(codeOf(await displaced)).toBe('PLANNING_TIMEOUT');
    expect(codeOf(await planner.plan('f', 'f1'))).toBe('PLANNING_TIMEOUT');
    await planner.drain();
    expect(planner.order).toEqual(['a1', 'a5', 'c1', 'd1', 'e1']);
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

  test('returns the same document if there is nothing to rename', () => {
    const document = parse('{ a }');
    expect(renameForPlanning(document, { fields: [], variables: [] })).toBe(document);
  });
});
