import { parse, print } from 'graphql';
import { describe, expect, test } from 'vitest';
import { extractAuthDirectives } from '../../router/authorization/extract-auth-directives.ts';
import { compose } from '../../router/supergraph/compose.ts';

const FEDERATION = 'https://specs.apollo.dev/federation/v2.12';

const ALL = '"@key", "@authenticated", "@requiresScopes", "@policy"';

function supergraphOf(sdl: string, imports = ALL): string {
  const whole = `extend schema @link(url: "${FEDERATION}", import: [${imports}])\n${sdl}`;
  const composition = compose([{ name: 'shop', url: 'http://shop.example', sdl: whole, place: 'shop' }]);
  if (composition.kind === 'failed')
    throw new Error(composition.findings.map(({ message }) => message).join());
  return composition.supergraphSdl;
}

function extract(supergraphSdl: string) {
  return extractAuthDirectives(parse(supergraphSdl, { noLocation: true }));
}

function separate(supergraphSdl: string) {
  const { document, requirements } = extract(supergraphSdl);
  return { sdl: print(document), requirements: Object.fromEntries(requirements) };
}

const LOGIN = { authenticated: true, scopes: [], policies: [] };

describe('a supergraph with requirements', () => {
  test('is separated into one without directives, and the requirements by coordinate', () => {
    const { sdl, requirements } = separate(
      supergraphOf(`
        type Query { me: User @authenticated stock: Stock }
        type User @requiresScopes(scopes: [["a", "b"], ["c"]]) { name: String @policy(policies: [["p"]]) }
        enum Stock @authenticated { LOW }
      `),
    );
    expect(requirements).toEqual({
      'Query.me': LOGIN,
      User: { authenticated: false, scopes: [[['a', 'b'], ['c']]], policies: [] },
      'User.name': { authenticated: false, scopes: [], policies: [[['p']]] },
      Stock: LOGIN,
    });
    expect(sdl).not.toMatch(/authenticated|requiresScopes|policy|SECURITY"/i);
    expect(sdl).toContain('me: User');
  });

  test('without requirements is left unchanged', () => {
    const document = parse(supergraphOf('type Query { me: String }'), { noLocation: true });
    const extracted = extractAuthDirectives(document);
    expect(extracted).toEqual({ document, requirements: new Map() });
    expect(extracted.document).toBe(document);
  });

  test('is read if composition has renamed the directives', () => {
    const imports =
      '"@key", { name: "@authenticated", as: "@login" }, { name: "@requiresScopes", as: "@needs" }';
    const { sdl, requirements } = separate(
      supergraphOf('type Query { me: String @login you: String @needs(scopes: [["a"]]) }', imports),
    );
    expect(Object.keys(requirements)).toEqual(['Query.me', 'Query.you']);
    expect(sdl).not.toMatch(/login|needs/);
  });

  test('is read if the specification as a whole has another name', () => {
    const supergraphSdl = supergraphOf('type Query { me: String @policy(policies: [["a"]]) }')
      .replace('policy/v0.1", for', 'policy/v0.1", as: "guarded", for')
      .replaceAll('@policy', '@guarded')
      .replaceAll('policy__Policy', 'guarded__Policy');
    const { sdl, requirements } = separate(supergraphSdl);
    expect(Object.keys(requirements)).toEqual(['Query.me']);
    expect(sdl).not.toMatch(/guarded/);
  });

  test('is read if the link itself has another name', () => {
    const supergraphSdl = supergraphOf('type Query { me: String @authenticated }')
      .replace('link/v1.0"', 'link/v1.0", as: "core"')
      .replaceAll('@link', '@core')
      .replaceAll('link__', 'core__');
    expect(separate(supergraphSdl).requirements).toEqual({ 'Query.me': LOGIN });
  });

  test('reads one name as a list of lists, as GraphQL coerces it', () => {
    const supergraphSdl = supergraphOf('type Query { me: String @requiresScopes(scopes: [["a"]]) }');
    expect(separate(supergraphSdl.replace('scopes: [["a"]]', 'scopes: "a"')).requirements).toEqual({
      'Query.me': { authenticated: false, scopes: [[['a']]], policies: [] },
    });
  });
});

describe('rejects a supergraph that', () => {
  const plain = supergraphOf('type Query { me: String @authenticated }');
  const withLink = (link: string) => plain.replace('{\n  query: Query', `  ${link}\n{\n  query: Query`);

  test.each([
    [
      'links an unknown feature for security',
      withLink('@link(url: "https://specs.example/guard/v1.0", for: SECURITY)'),
    ],
    ['links an unknown version of a feature', plain.replace('authenticated/v0.1', 'authenticated/v0.2')],
    ['links a feature without a version', plain.replace('authenticated/v0.1', 'authenticated')],
    [
      'links a feature for security of another publisher',
      plain.replace('specs.apollo.dev/auth', 'specs.example/auth'),
    ],
  ])('%s', (_name, supergraphSdl) => {
    expect(supergraphSdl).not.toBe(plain);
    expect(() => extract(supergraphSdl)).toThrow(/^the supergraph links/);
  });

  test('uses a directive without its link', () => {
    const unlinked = plain.replace(/ {2}@link\(url: "https:\/\/specs.apollo.dev\/authenticated[^\n]*\n/, '');
    expect(() => extract(unlinked)).toThrow('without its @link');
  });

  test('has arguments that are not names', () => {
    const wrong = supergraphOf('type Query { me: String @requiresScopes(scopes: [["a"]]) }');
    expect(() => extract(wrong.replace('[["a"]]', '[[1]]'))).toThrow('Query.me');
    expect(() => extract(wrong.replace('(scopes: [["a"]])', ''))).toThrow('Query.me');
  });

  test.each([
    ['an interface', 'interface Node\n  @join__type(graph: SHOP)', 'Node requires'],
    ['a field of one', 'id: ID!', 'Node.id requires'],
  ])('requires more of %s than of its implementations', (_name, place, message) => {
    const supergraphSdl = supergraphOf(`
      type Query { node: Node me: String @authenticated }
      interface Node { id: ID! }
      type User implements Node { id: ID! }
    `);
    expect(() => extract(supergraphSdl)).not.toThrow();
    expect(() => extract(supergraphSdl.replace(place, `${place} @authenticated`))).toThrow(message);
  });
});

test('the requirements of an interface follow from those of its implementations', () => {
  const supergraphSdl = supergraphOf(`
    type Query { node: Node }
    interface Node { id: ID! }
    interface Named implements Node { id: ID! name: String }
    type A implements Node & Named @requiresScopes(scopes: [["a"], ["b", "c"]]) {
      id: ID! @policy(policies: [["p"]])
      name: String @requiresScopes(scopes: [["x"]])
    }
    type B implements Node & Named @requiresScopes(scopes: [["c"], ["d"]]) {
      id: ID! @authenticated @policy(policies: [["q"], ["p"]])
      name: String @requiresScopes(scopes: [["x", "y"], ["z"]])
    }
  `);
  expect(supergraphSdl).toMatch(/interface Node[^{]*@requiresScopes/);
  expect(() => extract(supergraphSdl)).not.toThrow();
});

test('composition rejects a requirement on an interface, and a @requires without the requirement of the required field', () => {
  expect(() =>
    supergraphOf(
      'type Query { node: N } interface N @authenticated { id: ID! } type A implements N { id: ID! }',
    ),
  ).toThrow('interface');
  const imports = `extend schema @link(url: "${FEDERATION}", import: ["@key", "@external", "@requires", "@authenticated"])`;
  const composition = compose([
    {
      name: 'a',
      url: 'http://a',
      place: 'a',
      sdl: `${imports} type Query { a: A } type A @key(fields: "id") { id: ID! secret: Int @authenticated }`,
    },
    {
      name: 'b',
      url: 'http://b',
      place: 'b',
      sdl: `${imports} type A @key(fields: "id") { id: ID! secret: Int @external open: Int @requires(fields: "secret") }`,
    },
  ]);
  expect(composition).toMatchObject({
    kind: 'failed',
    findings: [{ code: 'MISSING_TRANSITIVE_AUTH_REQUIREMENTS' }],
  });
});
