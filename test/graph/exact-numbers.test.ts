import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { startStubSubgraph, text } from '../support/subgraphs/stub-subgraph.ts';
import type { StubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

// The subgraphs read and write numbers as text in JSON, like programs with 64-bit integers and decimals.
const A = `
  scalar Long
  input Range { from: Long to: Long name: ID ratio: Float }
  type Query {
    me: User users: [User] echo(x: Long, id: ID, ratio: Float, range: Range, list: [Long]): Long
    int: Int ratio: Float id: ID blob: Long ids: [ID] user: User
  }
  type User @key(fields: "id") { id: Long! }
`;
const B = `
  scalar Long
  type User @key(fields: "id") { id: Long! email: String }
`;

const MANY_DIGITS = '0.123456789012345678901234567890';
const EXACT = [
  '9007199254740993',
  '-9007199254740993',
  '1.0',
  '-0',
  '1e400',
  '1E5',
  '0.1000000000000000055',
  '0.0000001',
  '123456789012345678901234567890',
  MANY_DIGITS,
];

type Rejection = {
  readonly errors: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
};

let a: StubSubgraph;
let b: StubSubgraph;
let graph: SmallGraph;
let data = '{}';
const owned = new AsyncDisposableStack();

beforeAll(async () => {
  a = owned.use(await startStubSubgraph(() => text(data)));
  b = owned.use(
    await startStubSubgraph(({ body }) =>
      text(
        `{"data":{"_entities":[${[...body.matchAll(/"id":([^}]+)\}/g)].map(([, id]) => `{"email":"user-${id}@shop.example"}`).join()}]}}`,
      ),
    ),
  );
  graph = owned.use(
    await startSmallGraph({
      services: { a: { sdl: A, resolvers: {} }, b: { sdl: B, resolvers: {} } },
      config: `
        traffic: { subgraphs: { a: { urls: ["${a.url}"] }, b: { urls: ["${b.url}"] } } }
        response: { errorExtensions: [code, amount] }
        degradation: { fallbacks: { Query.blob: 0.123456789012345678901234567890, Query.ids: [9007199254740993, 1.0], Query.ratio: 1.0 } }
      `,
    }),
  );
});
afterAll(() => owned.disposeAsync());

/**
 * Returns the response as text, which is the same for the first request and for one that finds the operation
 * in the cache.
 */
async function responseOf(query: string, variables?: string): Promise<string> {
  const body = `{"query":${JSON.stringify(query)}${variables === undefined ? '' : `,"variables":${variables}`}}`;
  const first = await (await graph.post(body)).text();
  const second = await (await graph.post(body)).text();
  expect(second).toBe(first);
  return second.trimEnd();
}

function lastRequest(stub = a): string {
  return stub.requests.at(-1)?.body ?? '';
}

test('an entity key beyond 2^53 fetches that entity, and two keys that differ in the last digit stay two entities', async () => {
  data = '{"data":{"me":{"__typename":"User","id":9007199254740993}}}';
  expect(await responseOf('{ me { id email } }')).toBe(
    '{"data":{"me":{"id":9007199254740993,"email":"user-9007199254740993@shop.example"}}}',
  );
  const user = (id: string) => `{"__typename":"User","id":${id}}`;
  data = `{"data":{"users":[${['9007199254740992', '9007199254740993', '9007199254740993', '1.0', '1'].map(user).join()}]}}`;
  expect(await responseOf('{ users { id email } }')).toBe(
    `{"data":{"users":[${['9007199254740992', '9007199254740993', '9007199254740993', '1.0', '1']
      .map((id) => `{"id":${id},"email":"user-${id}@shop.example"}`)
      .join()}]}}`,
  );
  // Equal keys are sent once.
  expect(lastRequest(b).match(/9007199254740993/g)).toHaveLength(1);
});

test('passes numbers of custom scalars from subgraphs to clients as they were written, at any depth', async () => {
  for (const number of EXACT) {
    data = `{"data":{"blob":{"__proto__":{"a":${number}},"rawJSON":[${number}, ${number}],"s":"${number}"}}}`;
    expect(await responseOf('{ blob }')).toBe(data.replace(', ', ','));
    data = `{"data":{ "blob" : ${number} }}`;
    expect(await responseOf('{ blob }')).toBe(`{"data":{"blob":${number}}}`);
  }
});

test('built-in types keep their rules for numbers that doubles print differently', async () => {
  data =
    '{"data":{"int":1.0,"ratio":0.1000000000000000055,"id":12345678901234567890,"ids":[1.0,9007199254740993]}}';
  expect(await responseOf('{ int ratio id ids }')).toBe(
    '{"data":{"int":1,"ratio":0.1,"id":"12345678901234567890","ids":["1","9007199254740993"]}}',
  );
  data = '{"data":{"int":12345678901234567890,"ratio":1e400,"id":1.5,"blob":1.0}}';
  expect(JSON.parse(await responseOf('{ int ratio id blob }'))).toMatchObject({
    data: { int: null, ratio: null, id: null, blob: 1 },
    errors: [{ path: ['int'] }, { path: ['ratio'] }, { path: ['id'] }],
  });
});

test('a number in place of an object is an error in any notation', async () => {
  for (const number of ['12345678901234567890', '1', '1.0']) {
    data = `{"data":{"me":${number},"user":${number},"blob":1.0}}`;
    const { data: received, errors } = JSON.parse(
      await responseOf('{ me { id email } user { rawJSON: id } blob }'),
    );
    expect(received).toEqual({ me: null, user: null, blob: 1 });
    expect(errors.map(({ path }: { path: unknown }) => path)).toEqual(
      expect.arrayContaining([['me'], ['user']]),
    );
  }
});

test('variables, literals and default values of custom scalars reach the subgraph as they were written', async () => {
  data = '{"data":{"echo":"seen"}}';
  for (const number of EXACT) {
    await responseOf('query($x: Long) { echo(x: $x) }', `{"x":${number}}`);
    expect(lastRequest()).toContain(`"variables":{"x":${number}}`);
    await responseOf('query($x: Long) { echo(x: $x) }', `{"x":{"rawJSON":"1","a":[${number}]}}`);
    expect(lastRequest()).toContain(`"variables":{"x":{"rawJSON":"1","a":[${number}]}}`);
    await responseOf(`{ echo(x: ${number}) }`);
    expect(lastRequest()).toBe(`{"query":"{echo(x:${number})}"}`);
    await responseOf(`{ echo(list: [${number}, 1, "number_0"], range: { to: ${number} }) }`);
    expect(lastRequest()).toContain(`list:[${number} 1 \\"number_0\\"]`);
    expect(lastRequest()).toContain(`to:${number}`);
    await responseOf(`query($x: Long = ${number}) { echo(x: $x) }`);
    expect(lastRequest()).toBe(`{"query":"query($x:Long=${number}){echo(x:$x)}"}`);
  }
});

test('variables of built-in types keep their rules, and IDs their digits', async () => {
  data = '{"data":{"echo":"seen"}}';
  const query =
    'query($id: ID, $ratio: Float, $range: Range) { echo(id: $id, ratio: $ratio, range: $range) }';
  await responseOf(
    query,
    '{"id":9007199254740993,"ratio":0.1000000000000000055,"range":{"to":1.0,"from":1,"name":12345678901234567890,"ratio":1.0}}',
  );
  expect(lastRequest()).toContain(
    '"variables":{"id":"9007199254740993","ratio":0.1,"range":{"from":1,"to":1.0,"name":"12345678901234567890","ratio":1}}',
  );
  for (const variables of ['{"ratio":1e400}', '{"id":1e30}', '{"id":1.5}', '{"ratio":{"rawJSON":"1.0"}}']) {
    const response = await graph.post(`{"query":${JSON.stringify(query)},"variables":${variables}}`);
    expect([variables, response.status]).toEqual([variables, 400]);
    expect(((await response.json()) as Rejection).errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  }
  await responseOf('{ echo(id: 9007199254740993, range: { name: 9007199254740993 }) }');
  expect(lastRequest()).toContain('{echo(id:9007199254740993 range:{name:9007199254740993})}');
});

test('variables of a GET are exact, and so is the call that contains them', async () => {
  data = '{"data":{"echo":"seen"}}';
  for (const query of ['query($x:Long,$y:Long){echo(x:$x)z:echo(x:$y)}']) {
    const parameters = new URLSearchParams({ query, variables: '{"x":9007199254740993,"y":1.0}' });
    for (const _ of ['first request', 'cached operation']) {
      await fetch(`${graph.router.url}?${parameters.toString()}`, {
        headers: { 'apollo-require-preflight': 'true' },
      });
      expect(lastRequest()).toContain('"variables":{"x":9007199254740993,"y":1.0}');
    }
  }
});

test('equal requests in flight share one call only if their numbers have the same notation', async () => {
  data = '{"data":{"echo":"seen"}}';
  const query = 'query($x: Long) { echo(x: $x) }';
  const ask = (x: string) => graph.post(`{"query":"${query}","variables":{"x":${x}}}`).then((r) => r.text());
  await ask('0');
  const before = a.requests.length;
  await Promise.all(['9007199254740992', '9007199254740993', '1', '1.0'].map(ask));
  const sent = a.requests.slice(before).map(({ body }) => /"x":([^}]+)/.exec(body)?.[1]);
  expect(sent).toHaveLength(4);
  expect(new Set(sent)).toEqual(new Set(['1', '1.0', '9007199254740992', '9007199254740993']));
});

test('fallbacks of custom scalars are sent as the configuration writes them', async () => {
  data = '';
  const response = await graph.post('{"query":"{ blob ids ratio }"}');
  expect(await response.text()).toContain(
    `"data":{"blob":${MANY_DIGITS},"ids":["9007199254740993","1"],"ratio":1}`,
  );
});

test('numbers in the extensions of errors stay exact', async () => {
  data = `{"data":{"me":null},"errors":[{"message":"no","path":["me"],"extensions":{"code":"NO","amount":${MANY_DIGITS}}}]}`;
  expect(await responseOf('{ me { id } }')).toContain(`"amount":${MANY_DIGITS}`);
});

test('a Float literal beyond double precision is a validation error, and no message contains terminal colours', async () => {
  for (const query of [
    '{ echo(ratio: 1e400) }',
    `{ echo(ratio: ${'9'.repeat(400)}) }`,
    '{ echo(range: { ratio: -1e999 }) }',
    'query($r: Float = 1e400) { echo(ratio: $r) }',
  ]) {
    const response = await graph.post({ query });
    const { errors } = (await response.json()) as Rejection;
    expect([query, response.status, errors[0]?.extensions.code]).toEqual([
      query,
      400,
      'GRAPHQL_VALIDATION_FAILED',
    ]);
    expect(errors[0]?.message).toBe('Float cannot represent a number that exceeds double precision.');
    expect(JSON.stringify(errors)).not.toContain('\\u001b');
  }
});

test('a Float variable beyond double precision is rejected for this reason', async () => {
  const query = 'query($r: Float) { echo(ratio: $r) }';
  for (const number of ['1e400', '-1e999', '9'.repeat(400)]) {
    const response = await fetch(graph.router.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"query":${JSON.stringify(query)},"variables":{"r":${number}}}`,
    });
    const { errors } = (await response.json()) as Rejection;
    expect(errors[0]).toMatchObject({
      message:
        'Variable "$r" got an invalid value: Float cannot represent a number that exceeds double precision.',
      extensions: { code: 'BAD_USER_INPUT' },
    });
  }
});
