import { describe, expect, test } from 'vitest';
import type { CompiledOperation } from '../../router/execution/compile/compile.ts';
import type { ExecutionOutcome } from '../../router/execution/run/execute.ts';
import {
  deduplicateCalls,
  deduplicateExecutions,
} from '../../router/execution/deduplication/deduplication.ts';
import { Cancellation } from '../../router/request/cancel-signal.ts';
import type { CancelSignal } from '../../router/request/cancel-signal.ts';
import type { Send, SubgraphRequest, SubgraphResponse } from '../../router/request/subgraph-request.ts';
import { createDeduplicatedSend } from '../support/subgraphs/deduplicated-send.ts';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';
import { federatedGraph } from '../support/graphs/federated-graph.ts';

const query: SubgraphRequest = { subgraph: 'user', operation: 'query', body: '{"query":"{me{name}}"}' };
const mutation: SubgraphRequest = { ...query, operation: 'mutation' };

/** A subgraph whose responses wait until the test sends them. */
function heldSend() {
  const signals: CancelSignal[] = [];
  const held: ((response: SubgraphResponse) => void)[] = [];
  const send: Send = (_, signal) => {
    signals.push(signal);
    return new Promise((resolve) => held.push(resolve));
  };
  const respond = (index: number, data: Record<string, unknown>) =>
    held[index]?.({ kind: 'received', data, errors: [] });
  return { send, signals, respond };
}

const { signal: never } = new AbortController();

describe('equal calls in flight', () => {
  test('are sent once in one scope, and the response is immutable', async () => {
    const { send, signals, respond } = heldSend();
    const shared = createDeduplicatedSend();
    const calls = [shared(send, 'ann')(query, never), shared(send, 'ann')(query, never)];
    respond(0, { me: { name: 'Ann' } });
    const response = { kind: 'received', data: { me: { name: 'Ann' } }, errors: [], isShared: true };
    expect(await Promise.all(calls)).toEqual([response, response]);
    expect(signals.length).toBe(1);
  });

  test('are never deduplicated for two identities', async () => {
    const { send, signals, respond } = heldSend();
    const shared = createDeduplicatedSend();
    const calls = [shared(send, 'ann')(query, never), shared(send, 'bob')(query, never)];
    respond(0, { me: { name: 'Ann' } });
    respond(1, { me: { name: 'Bob' } });
    expect(await Promise.all(calls)).toEqual([
      { kind: 'received', data: { me: { name: 'Ann' } }, errors: [] },
      { kind: 'received', data: { me: { name: 'Bob' } }, errors: [] },
    ]);
    expect(signals.length).toBe(2);
  });

  test('are not confused if scopes and bodies look equal when joined', async () => {
    const { send, signals } = heldSend();
    const shared = createDeduplicatedSend();
    void shared(send, 'ann')({ ...query, subgraph: 'x user' }, never);
    void shared(send, 'ann x')({ ...query, subgraph: 'user' }, never);
    expect(signals.length).toBe(2);
  });

  test('of mutations are each sent', () => {
    const { send, signals } = heldSend();
    const shared = createDeduplicatedSend();
    void shared(send, 'ann')(mutation, never);
    void shared(send, 'ann')(mutation, never);
    expect(signals.length).toBe(2);
  });

  test('are sent again after the response', async () => {
    const { send, signals, respond } = heldSend();
    const shared = createDeduplicatedSend()(send, 'ann');
    const first = shared(query, never);
    respond(0, {});
    await first;
    void shared(query, never);
    expect(signals.length).toBe(2);
  });

  test('are aborted when the last waiting request is aborted', async () => {
    const { send, signals } = heldSend();
    const shared = createDeduplicatedSend()(send, 'ann');
    const clients = [new AbortController(), new AbortController()];
    const calls = clients.map(({ signal }) => shared(query, signal));
    clients[0]?.abort();
    const gone = await calls[0];
    expect(gone?.kind === 'failed' && gone.failure.code).toBe('REQUEST_CANCELLED');
    expect(signals[0]?.aborted).toBe(false);
    clients[1]?.abort();
    await calls[1];
    expect(signals[0]?.aborted).toBe(true);
    void shared(query, never);
    expect(signals.length).toBe(2);
  });

  test('are joined by later ones also if an earlier one was aborted and then fails', async () => {
    const { send, signals, respond } = heldSend();
    const shared = createDeduplicatedSend()(send, 'ann');
    const client = new Cancellation();
    const gone = shared(query, client);
    client.abort();
    const newer = shared(query, never);
    // The aborted call ends late, when the newer one has taken its place.
    respond(0, { me: null });
    await gone;
    const latest = shared(query, new Cancellation());
    respond(1, { me: { name: 'Ann' } });
    const response = { kind: 'received', data: { me: { name: 'Ann' } }, errors: [], isShared: true };
    expect(await Promise.all([newer, latest])).toEqual([response, response]);
    expect(signals.length).toBe(2);
  });

  test('are found among many different ones of one scope, which each get their own response', async () => {
    const { send, signals, respond } = heldSend();
    const shared = createDeduplicatedSend()(send, 'ann');
    const different = ['user', 'order'].flatMap((subgraph) =>
      ['a', 'b', 'c'].map((body) => ({ ...query, subgraph, body })),
    );
    const calls = [...different, ...different.toReversed()].map((one) => shared(one, new Cancellation()));
    expect(signals.length).toBe(different.length);
    for (const index of different.keys()) respond(index, { index });
    const responses = await Promise.all(calls);
    const indices = responses.map((response) => response.kind === 'received' && response.data?.['index']);
    expect(indices).toEqual([0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0]);
    for (const one of different) void shared(one, never);
    expect(signals.length).toBe(2 * different.length);
  });

  test('of a client request that has little time left do not end those of later requests', async () => {
    const gate = Promise.withResolvers<void>();
    await using subgraph = await startStubSubgraph(
      () => (response, request) => void gate.promise.then(() => json({ data: { a: 1 } })(response, request)),
    );
    await using inventory = poolOf([subgraph.url]);
    const sharing = { scope: 'ann', requestId: '', isDeduplicated: true, onJoin: () => undefined };
    const shared = deduplicateCalls(
      (_, { deadline }: typeof sharing & { deadline: number }) => inventory.call({ deadline }),
      5_000,
    );
    const calls = [100, 200, 5_000, 5_000].map((deadline) => shared(query, { ...sharing, deadline }, never));
    await subgraph.received(2);
    inventory.clock.advance(100);
    gate.resolve();
    const responses = await Promise.all(calls);
    const outcomes = responses.map((one) => (one.kind === 'failed' ? one.failure.code : one.kind));
    expect(outcomes).toEqual(['SUBGRAPH_TIMEOUT', 'SUBGRAPH_TIMEOUT', 'received', 'received']);
    expect(subgraph.requests.length).toBe(2);
  });

  test('fail together if the call throws', async () => {
    const shared = createDeduplicatedSend()(() => Promise.reject(new Error('a bug')), 'ann');
    const results = await Promise.allSettled([shared(query, never), shared(query, new Cancellation())]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

const graph = federatedGraph({
  user: {
    typeDefs: 'type Query { name: String } type Mutation { rename: String }',
  },
});

function heldExecution() {
  let started = 0;
  const { promise, resolve } = Promise.withResolvers<ExecutionOutcome>();
  const execute = () => {
    started += 1;
    return promise;
  };
  return {
    execute,
    started: () => started,
    finish: () =>
      resolve({
        data: '{}',
        errors: [],
        omittedErrors: 0,
        delivered: {},
        fieldsWithoutResponse: new Set(),
        degraded: [],
      }),
  };
}

describe('equal queries in flight', () => {
  const cases: readonly [name: string, document: string, differing: object, expected: number][] = [
    ['are executed once', '{ name }', {}, 1],
    ['are executed for each identity', '{ name }', { scope: 'bob' }, 2],
    ['are executed for each set of variables', '{ name }', { key: '{"a":1}' }, 2],
    ['are executed for each operation', '{ name }', { operation: graph.compile('{ name }') }, 2],
    ['are executed each when they are mutations', 'mutation { rename }', {}, 2],
    ['are executed once if one has half of its time left', '{ name }', { deadline: 7_500 }, 1],
    ['are executed again if less than half of the time is left', '{ name }', { deadline: 7_501 }, 2],
  ];
  test.for(cases)('%s', async ([, document, differing, expected]) => {
    const shared = deduplicateExecutions<ExecutionOutcome>(5_000);
    const held = heldExecution();
    const operation: CompiledOperation = graph.compile(document);
    const request = {
      operation,
      key: '{}',
      scope: 'ann',
      deadline: 5_000,
      signal: never,
      execute: held.execute,
    };
    const outcomes = [shared(request), shared({ ...request, ...differing })];
    held.finish();
    expect((await Promise.all(outcomes)).map(({ data }) => data)).toEqual(['{}', '{}']);
    expect(held.started()).toBe(expected);
  });

  test('continue for the requests that still wait', async () => {
    const shared = deduplicateExecutions<ExecutionOutcome>(5_000);
    const held = heldExecution();
    const client = new AbortController();
    const request = {
      operation: graph.compile('{ name }'),
      key: '{}',
      scope: 'ann',
      deadline: 5_000,
      execute: held.execute,
    };
    const gone = shared({ ...request, signal: client.signal });
    const stays = shared({ ...request, signal: never });
    client.abort();
    await expect(gone).rejects.toMatchObject({ code: 'REQUEST_CANCELLED' });
    held.finish();
    expect((await stays).data).toBe('{}');
  });
});
