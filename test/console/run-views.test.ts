import { describe, expect, test } from 'vitest';
import { layoutPlan, keyOf } from '../../console/explore/plan/plan-layout.ts';
import { findLists } from '../../console/explore/response/find-lists.ts';
import { formatJson } from '../../console/explore/response/format-json.ts';
import { placeOf } from '../../console/explore/response/response-marks.ts';
import { parametersOf } from '../../console/explore/run/parameters.ts';
import { parseBody } from '../../console/explore/run/result.ts';
import { variablesWithoutSecrets, withoutSecrets } from '../../console/explore/run/secrets.ts';
import {
  marksOf,
  segmentsOf,
  shares,
  stretchesOf,
  ticksOf,
} from '../../console/explore/waterfall/waterfall-rows.ts';
import { distinctEntries, matching } from '../../console/frame/palette-entries.ts';
import type { RequestTrace, TracedFetch } from '../../router/request/request-trace.ts';

const FETCH: TracedFetch = {
  id: 0,
  subgraph: 'order',
  operation: 'query',
  path: [],
  dependsOn: [],
  startMs: 10,
  connectionMs: 20,
  firstByteMs: 90,
  endMs: 100,
  mergedMs: 101,
  status: 200,
  bytesOut: 1,
  bytesIn: 1,
  entities: 0,
  entitiesSent: 0,
  outcome: 'OK',
  attempts: 1,
  endpoint: 0,
  breaker: 'closed',
  joined: null,
  sharedWith: null,
  source: 'subgraph',
};

describe('a response', () => {
  test('is formatted with every digit of its numbers, and with the place of each value', () => {
    const source =
      '{"data":{"a":[{"id":9007199254740993,"x":1.0}],"t":["p","q, r"],"e":{}},"extensions":{"trace":[1]}}';
    const json = formatJson(source, ([, name]) => name === 'trace');
    expect(json.text).toBe(`{
  "data": {
    "a": [
      {
        "id": 9007199254740993,
        "x": 1.0
      }
    ],
    "t": ["p", "q, r"],
    "e": {}
  },
  "extensions": {}
}`);
    const at = (path: readonly (string | number)[]) => {
      const place = placeOf(path, json);
      return place && json.text.slice(place.from, place.to);
    };
    expect(at(['data', 'a', 0, 'id'])).toBe('"id": 9007199254740993');
    expect(at(['data', 'a', 'x'])).toBe('"x": 1.0');
    expect(at(['data', 't', 1, 'missing'])).toBe('"t": ["p", "q, r"]');
    expect(parseBody('{"data":{"id":9007199254740993,"n":2}}')).toEqual({
      data: { id: '9007199254740993', n: 2 },
    });
    expect(() => formatJson('{"a":')).toThrow(SyntaxError);
  });

  test('has a table for each list, the longest one first', () => {
    const data = {
      orders: {
        edges: [{ node: { n: 1, items: [{ q: 1 }, { q: 2 }] } }, { node: { n: 2, items: [{ q: 3 }] } }],
      },
    };
    expect(findLists(data)).toMatchObject([
      { path: ['orders', 'edges', 'node', 'items'], columns: ['q'], rows: [{ q: 1 }, { q: 2 }, { q: 3 }] },
      { path: ['orders', 'edges'], columns: ['node.n', 'node.items'] },
    ]);
  });
});

describe('a waterfall', () => {
  test('has the parts of a fetch in the order of time, without empty ones', () => {
    expect(segmentsOf(FETCH)).toEqual([
      { kind: 'connection', from: 10, to: 30 },
      { kind: 'first-byte', from: 30, to: 90 },
      { kind: 'receiving', from: 90, to: 100 },
      { kind: 'merging', from: 100, to: 101 },
    ]);
    expect(segmentsOf({ ...FETCH, connectionMs: 0, firstByteMs: null, mergedMs: 100 })).toEqual([
      { kind: 'first-byte', from: 10, to: 100 },
    ]);
  });

  test.each([
    [{}, []],
    [{ attempts: 2 }, ['2 attempts']],
    [{ joined: '0123456789ab' }, ['joined 01234567']],
    [{ sharedWith: 3 }, ['same call as #3']],
    [{ outcome: 'SUBGRAPH_TIMEOUT', source: 'stale' }, ['SUBGRAPH_TIMEOUT', 'stale value']],
    [{ outcome: 'SUBGRAPH_CIRCUIT_OPEN', breaker: 'open' }, ['SUBGRAPH_CIRCUIT_OPEN', 'breaker open']],
    [{ breaker: 'half-open' }, ['breaker half-open']],
  ] satisfies readonly [Partial<TracedFetch>, readonly string[]][])('marks %j', (change, marks) => {
    expect(marksOf({ ...FETCH, ...change }).map(({ text }) => text)).toEqual(marks);
  });

  test('draws the critical path from the start of the request to its end', () => {
    const trace: RequestTrace = {
      version: 1,
      requestId: 'r',
      totalMs: 104,
      stages: [],
      fetches: [FETCH],
      criticalPath: [
        { stage: 'plan', ms: 10 },
        { fetch: 0, subgraph: 'order', ms: 91 },
        { stage: 'respond', ms: 3 },
      ],
      sentence: '',
    };
    expect(stretchesOf(trace)).toEqual([
      { fetch: undefined, from: 0, to: 10 },
      { fetch: 0, from: 10, to: 101 },
      { fetch: undefined, from: 101, to: 104 },
    ]);
    expect(shares(trace)).toEqual([
      { name: 'order', ms: 91 },
      { name: 'router', ms: 13 },
    ]);
    expect(shares({ ...trace, fetches: [{ ...FETCH, subgraph: 'router' }] })).toEqual([
      { name: 'router_', ms: 91 },
      { name: 'router', ms: 13 },
    ]);
    expect(shares({ ...trace, fetches: [{ ...FETCH, subgraph: 'router_' }] })).toEqual([
      { name: 'router__', ms: 91 },
      { name: 'router', ms: 13 },
    ]);
    expect(ticksOf(104)).toEqual([0, 20, 40, 60, 80, 100]);
  });
});

test('a plan has each fetch in the first column after all that it depends on', () => {
  const fetch = (id: number, dependsOn: readonly number[]) => ({
    id,
    subgraph: 's',
    path: [],
    dependsOn,
    operation: '{ a }',
    requires: '{ ... on Product { __typename id sku } }',
  });
  const { nodes, edges } = layoutPlan([fetch(0, []), fetch(1, [0]), fetch(2, [0, 1]), fetch(3, [0])]);
  const columns = [...new Set(nodes.map(({ x }) => x))].sort((a, b) => a - b);
  expect(nodes.map(({ x }) => columns.indexOf(x))).toEqual([0, 1, 2, 1]);
  // Fetch 2 waits for fetch 0 only through fetch 1.
  expect(edges.map(({ from, to }) => [from.fetch.id, to.fetch.id])).toEqual([
    [0, 1],
    [1, 2],
    [0, 3],
  ]);
  expect(keyOf(fetch(0, []).requires)).toBe('id sku');
});

test('links and the history have no values of secrets', () => {
  expect(withoutSecrets('mutation { login(email: "a", password: "b") { id } }')).toBe(
    'mutation { login(email: "a", password: "") { id } }',
  );
  expect(withoutSecrets('mutation { register(input: { name: "n", apiKey: "k" }) { id } }')).toContain(
    'apiKey: ""',
  );
  expect(
    JSON.parse(variablesWithoutSecrets('{"input":{"password":"b","name":"n"},"refreshToken":"t"}')),
  ).toEqual({
    input: { password: '', name: 'n' },
    refreshToken: '',
  });
  expect(variablesWithoutSecrets('{"password": "unfinished')).toBe('');
});

test('links and the history have no secrets in lists, objects, numbers, defaults and unfinished documents', () => {
  for (const document of [
    'mutation { revoke(tokens: ["hidden", "hidden"]) }',
    'mutation { connect(credentials: { user: "hidden", keys: ["hidden"], password: "hidden" }) }',
    'mutation ($password: String = "hidden") { reset(password: $password) }',
    'mutation { sign(privateKey: """hidden""") }',
    'mutation { login(email: "a", password: "hidden") { id ',
    'mutation { login(email: "a", password: "hidden',
    'mutation { sign(tokens: ["hidden", "hidden"], privateKey: """hidden""") { ',
  ])
    expect(withoutSecrets(document)).not.toContain('hidden');
  expect(withoutSecrets('mutation { enter(token: 4711, name: "n") { token } }')).toBe(
    'mutation { enter(token: 0, name: "n") { token } }',
  );
  expect(withoutSecrets('{ product(name: "password: \\"n\\"") { id } }')).toContain('password');
  const variables = '{"tokens":["t"],"credentials":{"user":"u","pins":[4711]},"password":4711,"name":"n"}';
  expect(JSON.parse(variablesWithoutSecrets(variables))).toEqual({
    tokens: [''],
    credentials: { user: '', pins: [0] },
    password: 0,
    name: 'n',
  });
});

test('variables are sent and kept with all digits of their numbers', () => {
  const variables = '{"id":9007199254740993,"price":1.10,"token":"t"}';
  const content = { tab: { query: '{ a }', variables, onError: '' }, operationName: undefined };
  for (const hash of [undefined, 'hash'])
    expect(JSON.stringify(parametersOf(content, hash))).toContain(`"variables":${variables}`);
  expect(() => parametersOf({ ...content, tab: { ...content.tab, variables: '{' } }, 'hash')).toThrow(
    'The variables are not JSON',
  );
  expect(variablesWithoutSecrets(variables)).toContain('9007199254740993');
});

test('search shows exact names first, then beginnings, and each link once', () => {
  const entries = ['Order.product', 'products', 'Product', 'Product.name', 'Product'].map((title) => ({
    kind: 'field' as const,
    title,
    link: `#/${title}`,
  }));
  const found = (text: string) => matching(distinctEntries(entries), text).map(({ title }) => title);
  expect(found('product')).toEqual(['Product', 'products', 'Product.name', 'Order.product']);
  expect(found('name PRODUCT')).toEqual(['Product.name']);
  expect(found('')).toHaveLength(4);
  expect(found('nothing')).toEqual([]);
});
