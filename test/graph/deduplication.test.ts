import { expect, test } from 'vitest';
import { createExecution } from '../../router/operation/execute-operation.ts';
import type { ExecuteOperation, ExecutionParts } from '../../router/operation/execute-operation.ts';
import { allArrived } from '../support/graphs/arrived.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph, SmallGraphOptions } from '../support/graphs/small-graph.ts';
import { startIssuer } from '../support/callers/tokens.ts';

/** Returns a service that responds only after `open`. */
function gatedService() {
  const gate = Promise.withResolvers<void>();
  const services: SmallGraphOptions['services'] = {
    profile: {
      sdl: 'type Query { whoami: String other: String } type Mutation { touch: String }',
      resolvers: {
        Query: {
          whoami: async () => gate.promise.then(() => 'answered'),
          other: async () => gate.promise.then(() => 'answered'),
        },
        Mutation: { touch: async () => gate.promise.then(() => 'touched') },
      },
    },
  };
  return { services, open: () => gate.resolve() };
}

const calls = (graph: SmallGraph) =>
  graph.services.get('profile')?.calls.filter(({ body }) => !body.includes('_service')) ?? [];

async function allBegun(graph: SmallGraph, count: number): Promise<void> {
  await expect.poll(() => calls(graph).length).toBe(count);
  // One more request, during which an unexpected call would arrive.
  await fetch(new URL('/health/live', graph.router.url));
}

test('equal queries of one caller in flight are executed once, with one outcome and so one text', async () => {
  const { services, open } = gatedService();
  const outcomes = new Set<unknown>();
  const withOutcomes = (parts: ExecutionParts): ExecuteOperation => {
    const execute = createExecution(parts);
    return async (charged, caller, generation) => {
      const executed = await execute(charged, caller, generation);
      outcomes.add(executed.outcome);
      return executed;
    };
  };
  await using graph = await startSmallGraph({ services, parts: { createExecution: withOutcomes } });
  const responses = Array.from({ length: 10 }, () => graph.query('{ whoami }'));
  await allArrived(graph, responses.length);
  await allBegun(graph, 1);
  open();
  expect(new Set((await Promise.all(responses)).map((response) => JSON.stringify(response)))).toEqual(
    new Set(['{"data":{"whoami":"answered"}}']),
  );
  expect(calls(graph)).toHaveLength(1);
  expect(outcomes.size).toBe(1);
});

test('the log of a deduplicated request names the request whose execution or call it used', async () => {
  let gate: Promise<unknown> = Promise.resolve();
  const whoami = async () => gate.then(() => 'answered');
  const profile = { sdl: 'type Query { whoami: String }', resolvers: { Query: { whoami } } };
  await using graph = await startSmallGraph({ services: { profile } });
  const send = async (id: string, query: string) =>
    (await graph.post({ query }, { 'x-request-id': id })).text();
  // A cached operation reaches the subgraph call without waiting.
  await send('', '{ whoami }');
  await send('', 'query Same { whoami }');

  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const sent = [send('req-1', '{ whoami }')];
  await expect.poll(() => calls(graph).length).toBe(3);
  sent.push(send('req-2', '{ whoami }'), send('req-3', '{ whoami }'), send('req-4', 'query Same { whoami }'));
  await allArrived(graph, sent.length);
  resolve();
  await Promise.all(sent);

  expect(calls(graph).map(({ headers }) => headers['x-request-id'])).toEqual([
    expect.any(String),
    expect.any(String),
    'req-1',
  ]);
  const logged = graph.log.filter(({ msg }) => msg === 'request');
  const joined = logged.map((line) => [
    line['requestId'],
    line['deduplicatedBy'] ?? line['deduplicatedCalls'],
  ]);
  expect(Object.fromEntries(joined)).toMatchObject({
    'req-1': undefined,
    'req-2': 'req-1',
    'req-3': 'req-1',
    // Another operation, which needs the same call.
    'req-4': { profile: 'req-1' },
  });
});

test('equal mutations are each executed', async () => {
  const { services, open } = gatedService();
  await using graph = await startSmallGraph({ services });
  const responses = Array.from({ length: 5 }, () => graph.query('mutation { touch }'));
  await allBegun(graph, 5);
  open();
  await Promise.all(responses);
  expect(calls(graph)).toHaveLength(5);
});

test('a mutation does not use calls that started before it', async () => {
  const gate = Promise.withResolvers<void>();
  const thing = { __typename: 'Thing', id: '1' };
  await using graph = await startSmallGraph({
    services: {
      things: {
        sdl: 'type Query { thing: Thing } type Mutation { touch: Thing } type Thing @key(fields: "id") { id: ID! }',
        resolvers: { Query: { thing: () => thing }, Mutation: { touch: () => thing } },
      },
      values: {
        sdl: 'type Thing @key(fields: "id") { id: ID! value: Int }',
        resolvers: { Thing: { value: async () => gate.promise.then(() => 7) } },
      },
    },
  });
  const reads = () =>
    graph.services.get('values')?.calls.filter(({ body }) => body.includes('representations')).length;
  const before = graph.query('{ thing { value } }');
  await expect.poll(reads).toBe(1);
  const mutation = graph.query('mutation { touch { value } }');
  await expect.poll(reads).toBe(2);
  gate.resolve();
  expect(await before).toEqual({ data: { thing: { value: 7 } } });
  expect(await mutation).toEqual({ data: { touch: { value: 7 } } });
});

test('requests of different identities are not deduplicated, nor is an anonymous one with theirs', async () => {
  await using issuer = await startIssuer();
  const { services, open } = gatedService();
  await using graph = await startSmallGraph({
    services,
    config: `authentication: { issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }] }`,
  });
  const users = [{ sub: 'a' }, { sub: 'b' }, { sub: 'a', tid: 'other' }, { sub: 'a', roles: ['admin'] }];
  const tokens = await Promise.all(users.map((claims) => issuer.mint({ claims })));
  const ask = (authorization: Record<string, string>) => graph.post({ query: '{ whoami }' }, authorization);
  const responses = [...tokens, ...tokens].map((token) => ask({ authorization: `Bearer ${token}` }));
  responses.push(ask({}), ask({}));
  await allBegun(graph, users.length + 1);
  open();
  await Promise.all(responses);

  const seen = calls(graph).map(({ headers }) =>
    [headers['x-user-id'], headers['x-tenant-id'], headers['x-user-roles']].join('|'),
  );
  expect(new Set(seen).size).toBe(users.length + 1);
});

test('users of two issuers with the same subject are two callers, for subgraphs and for deduplication', async () => {
  await using first = await startIssuer();
  await using second = await startIssuer();
  const { services, open } = gatedService();
  const issuers = [first, second].map(({ issuer, jwksUrl }) => ({ issuer, audience: 'tributary', jwksUrl }));
  await using graph = await startSmallGraph({
    services,
    config: `authentication: ${JSON.stringify({ issuers })}`,
  });
  const tokens = await Promise.all([first, second, first].map((issuer) => issuer.mint()));
  const responses = tokens.map((token) =>
    graph.post({ query: '{ whoami }' }, { authorization: `Bearer ${token}` }),
  );
  await allBegun(graph, 2);
  open();
  await Promise.all(responses);
  const seen = calls(graph).map(({ headers }) => [headers['x-user-id'], headers['x-user-issuer']]);
  expect(seen).toEqual(expect.arrayContaining(issuers.map(({ issuer }) => ['user-1', issuer])));
});

test('deduplicates nothing when it is disabled', async () => {
  const { services, open } = gatedService();
  await using graph = await startSmallGraph({
    services,
    config: 'traffic: { deduplication: { calls: false, queries: false } }',
  });
  const responses = Array.from({ length: 4 }, () => graph.query('{ other }'));
  await allBegun(graph, 4);
  open();
  await Promise.all(responses);
  expect(calls(graph)).toHaveLength(4);
});
