import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { startStubSubgraph, text } from '../support/subgraphs/stub-subgraph.ts';
import type { StubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { compose } from '../../router/supergraph/compose.ts';

const LINK = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@requires", "@shareable"])`;
const A = `
  ${LINK}
  scalar Long
  scalar Any
  input Range {
    from: Long = 9007199254740995
    to: [Long] = [1.0, 1e400]
    any: Any = RED
    name: String = "all"
    inner: Inner = { deep: 9007199254740997 }
  }
  input Inner { deep: Long = 9007199254740999 other: Int = 3 }
  type Query {
    me: User
    counted(by: Any): Long
    echo(
      x: Long = 9007199254740995
      any: Any = { a: [RED, 9007199254740995, "s"], b: 1.50 }
      range: Range
      ranges: [Range]
      id: ID = 9007199254740993
      ids: [ID]
      n: Int = 5
      small: Long = 7
    ): Long
  }
  type User @key(fields: "id") { id: ID! price(rate: Long, any: Any, range: Range): Long }
`;
const B = `
  ${LINK}
  scalar Long
  scalar Any
  input Range { from: Long any: Any }
  type User @key(fields: "id") {
    id: ID!
    price(rate: Long, any: Any, range: Range): Long @external
    rated(rate: Long): Long
    total: Long @requires(fields: "price(rate: 9007199254740995, any: { a: RED }, range: { from: 1.0, any: BLUE })")
  }
`;
// The input type contains only the fields that both subgraphs have, so subgraph A has a type of its own for
// the other fields.
const A_SHARED = A.replaceAll('Range', 'Span').replace(
  'any: Any, range: Span): Long }',
  'any: Any, range: Range): Long } input Range { from: Long any: Any }',
);

let a: StubSubgraph;
let graph: SmallGraph;
let data = '{"data":{"echo":1}}';
let entity: string | undefined = '{"total":1}';
const owned = new AsyncDisposableStack();

beforeAll(async () => {
  a = owned.use(await startStubSubgraph(() => text(data)));
  const b = owned.use(
    await startStubSubgraph(() =>
      entity === undefined
        ? (response) => response.writeHead(503).end()
        : text(`{"data":{"_entities":[${entity}]}}`),
    ),
  );
  graph = owned.use(
    await startSmallGraph({
      services: { a: { sdl: A_SHARED, resolvers: {} }, b: { sdl: B, resolvers: {} } },
      config: `
        traffic: { subgraphs: { a: { urls: ["${a.url}"] }, b: { urls: ["${b.url}"] } } }
        degradation: { stale: { User.rated: { maxAgeS: 300, per: everyone } } }
        rateLimit: { enabled: true, fields: { Query.counted: { calls: 2, windowS: 86400, per: "argument:by" } } }
      `,
    }),
  );
});
afterAll(() => owned.disposeAsync());

function bodyOf(query: string, variables?: string): string {
  return `{"query":${JSON.stringify(query)}${variables === undefined ? '' : `,"variables":${variables}`}}`;
}

/** Returns the body that the subgraph receives, which is the same for both requests of the operation. */
async function received(query: string, variables?: string): Promise<string | undefined> {
  const before = a.requests.length;
  await graph.post(bodyOf(query, variables));
  await graph.post(bodyOf(query, variables));
  const bodies = a.requests.slice(before).map(({ body }) => body);
  expect(bodies).toHaveLength(2);
  expect(bodies[1]).toBe(bodies[0]);
  return bodies[0];
}

describe('defaults', () => {
  const query = 'query($r:Span){echo(range:$r)}';

  test.for([
    ['{"r":{}}', '{"r":{}}'],
    ['{"r":{"name":"x","inner":{}}}', '{"r":{"name":"x","inner":{}}}'],
    ['{"r":{"from":1.0,"inner":{"deep":null}}}', '{"r":{"from":1.0,"inner":{"deep":null}}}'],
    ['{"r":null}', '{"r":null}'],
  ])('of the schema are left to the subgraph: %s', async ([sent = '', expected = '']) => {
    expect(await received(query, sent)).toBe(bodyOf(query, expected));
  });

  test('of the schema are left to the subgraph in a list, although coercion makes a list of one value', async () => {
    const inList = 'query($r:[Span]){echo(ranges:$r)}';
    expect(await received(inList, '{"r":[{},{"from":1e400}]}')).toBe(
      bodyOf(inList, '{"r":[{},{"from":1e400}]}'),
    );
    expect(await received(inList, '{"r":{"inner":{}}}')).toBe(bodyOf(inList, '{"r":[{"inner":{}}]}'));
  });

  test.for([
    'query($r:Span={name:"y"}){echo(range:$r)}',
    'query($x:Long=9007199254740995){echo(x:$x)}',
    'query($x:Any=RED){echo(any:$x)}',
    'query($x:Any={a:[RED]b:1e400}){echo(any:$x)}',
    'query($n:Int=null){echo(n:$n)}',
  ])('of the operation are left to the subgraph: %s', async (operation) => {
    expect(await received(operation)).toBe(bodyOf(operation));
  });

  test('are used in conditions and are not confused with equal values of another request in flight', async () => {
    const omitted = 'query($s: Boolean = false) { me { id } echo @include(if: $s) }';
    await received(omitted);
    const before = a.requests.length;
    const sent = ['{"r":{}}', '{"r":{"from":9007199254740995}}', '{"r":{"from":9007199254740996}}'];
    await Promise.all(sent.map((variables) => graph.post(bodyOf(query, variables))));
    expect(new Set(a.requests.slice(before).map(({ body }) => body))).toEqual(
      new Set(sent.map((variables) => bodyOf(query, variables))),
    );
  });

  test('are introspected as the subgraphs write them', async () => {
    const query = `{
      root: __type(name: "Query") { fields { args { name defaultValue } } }
      span: __type(name: "Span") { inputFields { name defaultValue } }
    }`;
    const { data: types } = (await graph.query(query)) as unknown as {
      readonly data: {
        readonly root: { readonly fields: readonly { readonly args: readonly Input[] }[] };
        readonly span: { readonly inputFields: readonly Input[] };
      };
    };
    expect(valuesOf(types.root.fields.flatMap(({ args }) => args))).toMatchObject({
      x: '9007199254740995',
      any: '{a: [RED, 9007199254740995, "s"], b: 1.50}',
      range: null,
      id: '9007199254740993',
      n: '5',
      small: '7',
    });
    expect(valuesOf(types.span.inputFields)).toEqual({
      from: '9007199254740995',
      to: '[1.0, 1e400]',
      any: 'RED',
      name: '"all"',
      inner: '{deep: 9007199254740997, other: 3}',
    });
  });
});

type Input = { readonly name: string; readonly defaultValue: string | null };

function valuesOf(inputs: readonly Input[]): Readonly<Record<string, string | null>> {
  return Object.fromEntries(inputs.map(({ name, defaultValue }) => [name, defaultValue]));
}

describe('literals', () => {
  test.for([
    '{echo(any:RED)}',
    '{echo(any:{__proto__:1 a:RED b:{c:[RED null true "RED"]}})}',
    '{echo(range:{any:RED name:"RED"})}',
    'query($x:Any){echo(any:{a:$x b:RED})}',
    '{echo(any:["number_0" "literal_0" 9007199254740993 -0 0.10])}',
    '{echo(ids:["123456789012345678901234567890" 1]id:"-0")}',
  ])('reach the subgraph as the client writes them: %s', async (operation) => {
    expect(await received(operation)).toBe(bodyOf(operation));
  });

  test('of a @requires reach the subgraph as its schema writes them', async () => {
    data = '{"data":{"me":{"__typename":"User","id":"1","price__required0":9007199254740995}}}';
    expect(await received('{ me { total } }')).toContain(
      'price(any:{a:RED}range:{from:1.0 any:BLUE}rate:9007199254740995)',
    );
    data = '{"data":{"echo":1}}';
  });
});

test('calls are counted by the exact value of an argument, independent of the notation of the number', async () => {
  const statusOf = async (query: string, variables?: string) =>
    (await graph.post(bodyOf(query, variables))).status;
  const variable = 'query($x: Any) { counted(by: $x) }';
  expect(await statusOf('{ counted(by: 9007199254740981) }')).toBe(200);
  expect(await statusOf(variable, '{"x":9007199254740981}')).toBe(200);
  for (const text of [
    '9007199254740981',
    '9007199254740981.0',
    '9007199254740981e0',
    '90071992547409810e-1',
  ]) {
    expect([text, await statusOf(`{ counted(by: ${text}) }`)]).toEqual([text, 429]);
    expect([text, await statusOf(variable, `{"x":${text}}`)]).toEqual([text, 429]);
  }
  expect(await statusOf('{ counted(by: 9007199254740982) }')).toBe(200);
  expect(await statusOf(variable, '{"x":9007199254740980}')).toBe(200);
});

test('a stale value is served only for the same default of a variable', async () => {
  const ratedWith = async (rate: string) => {
    const response = await graph.post(bodyOf(`query($r: Long = ${rate}) { me { rated(rate: $r) } }`));
    return ((await response.json()) as { readonly data: unknown }).data;
  };
  data = '{"data":{"me":{"__typename":"User","id":"1"}}}';
  entity = '{"rated":7}';
  const delivered = { me: { rated: 7 } };
  expect(await ratedWith('9007199254740993')).toEqual(delivered);
  entity = undefined;
  expect(await ratedWith('9007199254740993')).toEqual(delivered);
  expect(await ratedWith('9007199254740992')).toEqual({ me: { rated: null } });
  expect(await ratedWith('RED')).toEqual({ me: { rated: null } });
});

describe('composition', () => {
  const subgraph = (name: string, args: string) => ({
    name,
    url: 'http://subgraph.example',
    place: `${name}.graphql`,
    sdl: `${LINK} scalar Long type Query { f(${args}): Int @shareable }`,
  });

  test('accepts defaults that differ only in their notation as equal', () => {
    const composition = compose([
      subgraph('a', 'x: Long = 1, y: Long = { a: 9007199254740993, b: RED } id: ID = 9007199254740993'),
      subgraph(
        'b',
        'x: Long = 10.0e-1, y: Long = { b: "RED" a: 9007199254740993.0 } id: ID = "9007199254740993"',
      ),
    ]);
    expect(composition).toMatchObject({
      kind: 'composed',
      supergraphSdl: expect.stringContaining(
        'f(x: Long = 1, y: Long = {a: 9007199254740993, b: RED}, id: ID = 9007199254740993): Int',
      ),
    });
  });

  test('rejects defaults that are equal only as doubles, and names them', () => {
    const composition = compose([
      subgraph('a', 'x: Long = 9007199254740993'),
      subgraph('b', 'x: Long = 9007199254740992'),
    ]);
    expect(composition.findings[0]?.message).toContain(
      'default value 9007199254740993 in subgraph "a" but default value 9007199254740992 in subgraph "b"',
    );
  });
});
