import { Kind, introspectionFromSchema, parse, print, visit } from 'graphql';
import type { ConstDirectiveNode, DocumentNode, GraphQLSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createReadDocument } from '../../router/apollo/read-document.ts';
import { startApolloServer } from '../../router/apollo/server.ts';
import { parseConfig } from '../../router/config/config.ts';
import { ConfigError } from '../../router/config/yaml/read-yaml.ts';
import { RouterError } from '../../router/shared/errors.ts';
import { acceptSupergraph } from '../../router/supergraph/acceptance/accept-supergraph.ts';
import type { AcceptedSupergraph } from '../../router/supergraph/acceptance/accept-supergraph.ts';
import { compose } from '../../router/supergraph/compose.ts';
import { compose as composeGenerated } from '../differential/compose.ts';
import { generateGraph } from '../differential/generate-graph.ts';
import { randomOf } from '../differential/random.ts';
import type { Random } from '../differential/random.ts';
import { caseCount } from '../support/runs/case-count.ts';

/** Contracts: parts of a supergraph that are selected by `@tag`. */

const withoutPlanner = () =>
  Promise.resolve({
    plan: () => Promise.reject(new Error('bug: nothing is planned')),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });

function configOf(graphs: Readonly<Record<string, unknown>>) {
  const source = { env: {}, fileName: 'router.yaml', directory: '/' };
  const key = 'trib_1_secret_AAAAAAAAAAAAAAAA';
  const supergraph = { registry: { url: 'http://127.0.0.1:9', key, graph: 'shop@production' } };
  return parseConfig(JSON.stringify({ supergraph, graphs }), source);
}

function accept(sdl: string, graphs: Readonly<Record<string, unknown>>): Promise<AcceptedSupergraph> {
  return acceptSupergraph({ sdl, contracts: [] }, configOf(graphs), withoutPlanner);
}

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@tag", "@shareable"])';

function supergraphOf(sdl: string): string {
  const subgraph = { name: 's', url: 'http://s.example/graphql', sdl: LINK + sdl, place: 's' };
  const composed = compose([subgraph]);
  if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.findings));
  return composed.supergraphSdl;
}

/** The coordinates of a schema that clients can see, without built-in types. */
function coordinatesOf(schema: GraphQLSchema | undefined): readonly string[] {
  return Object.values(schema?.getTypeMap() ?? {})
    .filter(({ name }) => !/^__|^(?:String|Int|Float|Boolean|ID)$/.test(name))
    .flatMap((type) => {
      const members = 'getFields' in type ? Object.keys(type.getFields()) : [];
      const values = 'getValues' in type ? type.getValues().map(({ name }) => name) : [];
      return [type.name, ...[...members, ...values].map((member) => `${type.name}.${member}`)];
    })
    .toSorted();
}

const SHOP = `
  type Query { product: Product @tag(name: "public") audit: Audit @tag(name: "internal") find(by: Filter): Thing }
  type Product @tag(name: "public") {
    id: ID!
    cost: Int @tag(name: "internal")
    price(currency: Currency, raw: Boolean @tag(name: "internal")): Int
  }
  enum Currency { EUR TEST @tag(name: "internal") }
  type Audit { log: [Entry] }
  type Entry { text: String }
  input Filter { id: ID secret: ID @tag(name: "internal") }
  union Thing = Product | Note
  type Note @tag(name: "internal") { text: String }
`;

async function contractOf(sdl: string, rules: Readonly<Record<string, unknown>>) {
  const { contracts } = await accept(supergraphOf(sdl), { one: { path: '/one', ...rules } });
  return coordinatesOf(contracts.get('one')?.graph.schema);
}

describe('a contract', () => {
  test('hides excluded elements, types of which nothing is left and types that nothing reaches', async () => {
    expect(await contractOf(SHOP, { exclude: ['internal'] })).toEqual([
      'Currency',
      'Currency.EUR',
      'Filter',
      'Filter.id',
      'Product',
      'Product.id',
      'Product.price',
      'Query',
      'Query.find',
      'Query.product',
      'Thing',
    ]);
    const all = await contractOf(SHOP, { exclude: ['internal'], hideUnreachable: false });
    expect(all).toEqual(expect.arrayContaining(['Audit', 'Audit.log', 'Entry', 'Entry.text']));
  });

  test('takes its tags from the published contract, and is not served until it is published', async () => {
    const graphs = configOf({ one: { path: '/one', contract: 'partner' } });
    const sdl = supergraphOf(SHOP);
    const partner = { name: 'partner', include: ['public'], exclude: ['internal'], hideUnreachable: true };
    const published = await acceptSupergraph({ sdl, contracts: [partner] }, graphs, withoutPlanner);
    const { include, exclude } = partner;
    expect(coordinatesOf(published.contracts.get('one')?.graph.schema)).toEqual(
      await contractOf(SHOP, { include, exclude }),
    );
    expect(published.unpublished).toEqual([]);

    const others = [{ ...partner, name: 'partners' }];
    const { contracts, unpublished } = await acceptSupergraph(
      { sdl, contracts: others },
      graphs,
      withoutPlanner,
    );
    expect(contracts.size).toBe(0);
    expect(unpublished).toEqual([
      'router.yaml:1: graphs.one: the release has no contract partner (did you mean partners?); it has the contracts partners. Requests to this graph get 404 until it is published',
    ]);
    const unknown = { ...partner, exclude: ['private'] };
    await expect(acceptSupergraph({ sdl, contracts: [unknown] }, graphs, withoutPlanner)).rejects.toThrow(
      'router.yaml:1: graphs.one: the supergraph has no tag private',
    );
    expect(() => configOf({ one: { path: '/one', contract: 'partner', exclude: ['x'] } })).toThrow(
      'graphs.one.exclude: is not allowed beside `contract`',
    );
  });

  test('has only included fields, whose tag may be at their type, and exclusion wins', async () => {
    const included = await contractOf(SHOP, { include: ['public'] });
    expect(included).toEqual([
      'Currency',
      'Currency.EUR',
      'Currency.TEST',
      'Product',
      'Product.cost',
      'Product.id',
      'Product.price',
      'Query',
      'Query.product',
    ]);
    const both = await contractOf(SHOP, { include: ['public'], exclude: ['internal'] });
    expect(both).toEqual(included.filter((one) => !['Currency.TEST', 'Product.cost'].includes(one)));
  });

  test('also hides what is inaccessible in the supergraph, and adds its link where it is absent', async () => {
    const sdl = `
      type Query { a: Int @tag(name: "x") b: Int @inaccessible c: Int }
    `;
    const link = LINK.replace('"@tag"', '"@tag", "@inaccessible"');
    const composed = compose([{ name: 's', url: 'http://s', sdl: link + sdl, place: 's' }]);
    if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.findings));
    const { contracts, graph } = await accept(composed.supergraphSdl, {
      one: { path: '/one', exclude: ['x'] },
    });
    expect(coordinatesOf(contracts.get('one')?.graph.schema)).toEqual(['Query', 'Query.c']);
    expect(coordinatesOf(graph.schema)).toEqual(['Query', 'Query.a', 'Query.c']);
  });

  test('has a union only if it is included', async () => {
    const sdl = `
      type Query { a: Int @tag(name: "in") u: U @tag(name: "in") }
      type T { b: Int @tag(name: "in") }
      union U @tag(name: "in") = T
      union V = T`;
    const rules = { include: ['in'], hideUnreachable: false };
    expect(await contractOf(sdl, rules)).toEqual(['Query', 'Query.a', 'Query.u', 'T', 'T.b', 'U']);
    await expect(contractOf(sdl.replace('union U @tag(name: "in")', 'union U'), rules)).rejects.toThrow(
      'Query.u is exposed, but its type U is hidden',
    );
  });

  test('reads renamed directives, and hides types with two underscores in their names', async () => {
    const link = LINK.replace(
      '"@tag"',
      '{ name: "@tag", as: "@label" }, { name: "@inaccessible", as: "@gone" }',
    );
    const sdl = `type Query { a: Int b: Own__B @label(name: "x") c: Int @gone } type Own__B @label(name: "x") { d: Int }`;
    const composed = compose([{ name: 's', url: 'http://s', sdl: link + sdl, place: 's' }]);
    if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.findings));
    const rules = { path: '/one', exclude: ['x'], hideUnreachable: false };
    const { contracts } = await accept(composed.supergraphSdl, { one: rules });
    expect(coordinatesOf(contracts.get('one')?.graph.schema)).toEqual(['Query', 'Query.a']);
  });

  test('keeps the types of arguments of directives that clients use', async () => {
    const link = LINK.replace('"@tag"', '"@tag", "@composeDirective"');
    const sdl = `
      extend schema @link(url: "https://specs.example.test/shout/v1.0", import: ["@shout"]) @composeDirective(name: "@shout")
      directive @shout(how: How) on FIELD
      enum How { LOUD }
      type Query { a: Int b: Int @tag(name: "x") }`;
    const composed = compose([{ name: 's', url: 'http://s', sdl: link + sdl, place: 's' }]);
    if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.findings));
    const { contracts } = await accept(composed.supergraphSdl, { one: { path: '/one', exclude: ['x'] } });
    expect(coordinatesOf(contracts.get('one')?.graph.schema)).toEqual([
      'How',
      'How.LOUD',
      'Query',
      'Query.a',
    ]);
  });

  test('is rejected with the coordinate of an exposed element that depends on a hidden one', async () => {
    const cases = [
      [
        'type Query { a: A b: Int } type A @tag(name: "x") { c: Int }',
        'Query.a is exposed, but its type A is hidden; hide Query.a too, or expose A',
      ],
      [
        'type Query { a(b: Int! @tag(name: "x")): Int }',
        'Query.a(b:) is hidden, but it is required; give it a default value, or expose it',
      ],
      [
        'type Query { a: I } interface I { b: Int } type T implements I { b: Int @tag(name: "x") c: Int }',
        'T.b is hidden, but I.b of its interface is exposed; hide I.b too, or expose T.b',
      ],
      [
        'type Query { a(e: E = W): Int } enum E { V W @tag(name: "x") }',
        'the default value of Query.a(e:) uses a value of E, which is hidden; hide Query.a(e:) too, or expose it',
      ],
      [
        'type Query { a: Int @tag(name: "x") }',
        'all fields of Query are hidden; expose at least one of them',
      ],
    ] as const;
    for (const [sdl, reason] of cases) {
      const error: unknown = await accept(supergraphOf(sdl), { one: { path: '/one', exclude: ['x'] } }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toContain('router.yaml:1: graphs.one: ');
      expect(String(error)).toContain(reason);
    }
  });

  test('is rejected with the tag that the supergraph lacks', async () => {
    await expect(contractOf(SHOP, { exclude: ['internl'] })).rejects.toThrow(
      'router.yaml:1: graphs.one: the supergraph has no tag internl; did you mean internal? its tags are internal, public',
    );
  });
});

describe('the configuration of graphs', () => {
  const problem = (graphs: Readonly<Record<string, unknown>>) => {
    try {
      configOf(graphs);
      return '';
    } catch (error) {
      return String(error);
    }
  };
  test.each([
    [{ a: { exclude: ['x'] } }, 'graphs.a: requires `path` or `when`'],
    [{ a: { path: '/graphql' } }, 'graphs.a.path: /graphql is a path of the router'],
    [{ a: { path: '/livez' } }, 'graphs.a.path: /livez is a path of the router'],
    [{ a: { path: '/a' }, b: { path: '/a' } }, 'graphs.b.path: another graph has the path /a'],
    [{ all: { path: '/a' } }, 'is the name of the graph at `listen.path`'],
    [{ a: { when: { header: 'x', claim: 'y' } } }, 'requires exactly one of `header` and `claim`'],
  ])('rejects %j', (graphs, reason) => {
    expect(problem(graphs)).toContain(reason);
  });
});

const TAG = parse(`
  directive @tag(name: String!) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION
    | SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION | SCHEMA
`).definitions;

function directive(text: string): ConstDirectiveNode {
  const [definition] = parse(`scalar S ${text}`).definitions;
  if (definition?.kind !== Kind.SCALAR_TYPE_DEFINITION || definition.directives?.[0] === undefined)
    throw new Error(text);
  return definition.directives[0];
}

const TAGGABLE: ReadonlySet<string> = new Set([
  Kind.FIELD_DEFINITION,
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.ENUM_VALUE_DEFINITION,
  Kind.UNION_TYPE_DEFINITION,
  Kind.INPUT_VALUE_DEFINITION,
]);

/** Adds `@tag(name: "hide")` to some elements of a supergraph. */
function withTags(supergraph: DocumentNode, random: Random): DocumentNode {
  const hide = directive('@tag(name: "hide")');
  const isLinked = print(supergraph).includes('specs.apollo.dev/tag/');
  const tagged = visit(supergraph, {
    enter(node) {
      if (node.kind === Kind.DIRECTIVE_DEFINITION) return false;
      if ('name' in node && node.name?.kind === Kind.NAME && /__/.test(node.name.value)) return false;
      if (!TAGGABLE.has(node.kind) || !('directives' in node) || !random.chance(0.06)) return undefined;
      return { ...node, directives: [...((node.directives ?? []) as ConstDirectiveNode[]), hide] };
    },
  });
  if (isLinked) return tagged;
  const link = directive('@link(url: "https://specs.apollo.dev/tag/v0.3")');
  const definitions = tagged.definitions.map((definition) =>
    definition.kind === Kind.SCHEMA_DEFINITION
      ? { ...definition, directives: [...(definition.directives ?? []), link] }
      : definition,
  );
  return { ...tagged, definitions: [...definitions, ...TAG] };
}

/** Names that occur in a schema as words: of types, fields, arguments and enum values. */
function namesOf(schema: GraphQLSchema): ReadonlySet<string> {
  const text = JSON.stringify(introspectionFromSchema(schema, { descriptions: false }));
  return new Set(text.match(/(?<="name":")\w+/g));
}

/** Selections that a client may try: names that differ from hidden ones in one letter. */
function guessesAt(hidden: Iterable<string>, schema: GraphQLSchema): readonly string[] {
  const types = Object.values(schema.getTypeMap()).filter((type) => 'getFields' in type);
  return [...hidden].flatMap((name) => [
    `{ ${name}x }`,
    `query($v: ${name}x) { __typename @include(if: $v) }`,
    `fragment F on ${name}x { __typename } { ...F }`,
    `{ __type(name: "${name}x") { name fields { name } } }`,
    ...types.slice(0, 6).map(({ name: type }) => `{ __typename } fragment F on ${type} { ${name}x }`),
  ]);
}

type Tried = { readonly hidden: number; readonly leaks: readonly string[] };

/** Tries to make a contract name what it hides; the errors of a rejected one are returned instead. */
async function tryContract(seed: string, hideUnreachable: boolean): Promise<Tried | readonly string[]> {
  const composed = composeGenerated(generateGraph(seed));
  if (composed.kind === 'rejected') return [];
  const sdl = print(withTags(parse(composed.supergraphSdl), randomOf(seed)));
  try {
    const accepted = await accept(sdl, { one: { path: '/one', exclude: ['hide'], hideUnreachable } });
    return await leaksOf(accepted);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

async function leaksOf({ contracts, graph }: AcceptedSupergraph): Promise<Tried> {
  const contract = contracts.get('one');
  if (contract === undefined) throw new Error('no contract');
  const visible = namesOf(contract.graph.schema);
  const hidden = [...namesOf(graph.schema)].filter((name) => !visible.has(name));
  const namedIn = (text: string) => hidden.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  // Descriptions of GraphQL's own types contain common words, such as "unit".
  const introspected = introspectionFromSchema(contract.graph.introspection.schema, { descriptions: false });
  const leaks = namedIn(JSON.stringify(introspected));
  const config = configOf({});
  const server = await startApolloServer({ schema: contract.graph.introspection.schema }, config, {
    log: silentLog,
  });
  const read = createReadDocument(server, config.limits);
  for (const guess of guessesAt(hidden, contract.graph.schema)) {
    const error: unknown = await read(guess, undefined).catch((thrown: unknown) => thrown);
    // Only messages can contain names of the schema. The key `code` is not the field `code` of a schema.
    const listed = error instanceof RouterError ? (error.listed ?? [{ message: error.publicMessage }]) : [];
    const messages = listed.map(({ message }) => message).join('\n');
    leaks.push(...namedIn(messages).map((name) => `${name} in the response to ${guess}`));
  }
  await server.stop();
  return { hidden: hidden.length, leaks };
}

test('random contracts name nothing that they hide, in introspection, errors and suggestions', async () => {
  const tried: Tried[] = [];
  const problems: string[] = [];
  for (let number = 0; number < caseCount(40, 2_000); number++) {
    const result = await tryContract(`contract ${number}`, number % 2 === 0);
    if ('leaks' in result) tried.push(result);
    else problems.push(...result.filter((problem) => !problem.includes('the supergraph has no tag')));
  }
  expect(tried.flatMap(({ leaks }) => leaks)).toEqual([]);
  expect(
    problems.filter(
      (problem) => !/^router\.yaml:1: graphs\.one: .*(?:is exposed|is hidden|are hidden)/.test(problem),
    ),
  ).toEqual([]);
  expect(tried.length).toBeGreaterThan(5);
  expect(tried.reduce((sum, { hidden }) => sum + hidden, 0)).toBeGreaterThan(10);
});

const ignore = () => undefined;
const silentLog = { debug: ignore, info: ignore, warn: ignore, error: ignore } as never;
