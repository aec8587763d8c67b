import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { composeSupergraph } from '../../cli/compose-supergraph.ts';
import { openSources } from '../../cli/trial.ts';
import { parseConfig } from '../../router/config/config.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';

const directory = mkdtempSync(join(tmpdir(), 'tributary-acceptance-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs `npm run compose` with the texts of supergraph.yaml and of router.yaml. */
async function composeText(supergraph: string, router = '') {
  const file = join(directory, 'supergraph.yaml');
  writeFileSync(file, supergraph);
  const env = { SUPERGRAPH: file };
  const config = parseConfig(router, { env, fileName: 'router.yaml', directory });
  await using sources = openSources(config, { watch: false });
  return await composeSupergraph(config, sources);
}

const link = (imports: string, more = '') =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: [${imports}]) ${more}\n`;

const CONNECT = '@link(url: "https://specs.apollo.dev/connect/v0.2", import: ["@connect", "@source"])';

const UNSUPPORTED = [
  [
    '@connect',
    `${link('"@key"', `${CONNECT} @source(name: "s", http: { baseURL: "http://127.0.0.1:9" })`)}
     type Query { shelf: Shelf @connect(source: "s", http: { GET: "/" }, selection: "id") } type Shelf { id: ID! }`,
    /^error UNSUPPORTED_FEATURE: the router does not support @connect \(.*\), used by Query\.shelf: serve the REST API with a GraphQL server of its own, or compose the supergraph without this subgraph$/,
  ],
] as const;

describe('a supergraph that composes', () => {
  const started = startSmallGraph({ services: LIBRARY, config: 'supergraph: { watch: false }' });
  afterAll(async () => (await started)[Symbol.asyncDispose]());

  test('and that the router does not serve is rejected by `npm run compose` for the same reasons', async () => {
    const graph = await started;
    for (const [feature, sdl, reason] of UNSUPPORTED) {
      const yaml = graph.supergraphYaml({ reviews: sdl });
      const reasons = [expect.stringMatching(reason)];
      expect([feature, await composeText(yaml)]).toEqual([feature, { kind: 'rejected', reasons }]);
      await graph.publish(yaml);
      await graph.router.reload();
      expect(rejections(graph).at(-1)).toEqual(reasons);
    }
  });

  test('and is not served as written is accepted with warnings, by the command and by the router', async () => {
    const graph = await started;
    const sdl = `${link('"@key", "@override", "@cacheTag"')}
      type Query { newest: Review @cacheTag(format: "newest") }
      type Review { text: String }
      type Subscription { published: Int }
      type Book @key(fields: "id") @cacheTag(format: "book-{$key.id}") { id: ID! pages: Int @override(from: "books", label: "move-pages") }`;
    const yaml = graph.supergraphYaml({ reviews: sdl });
    const warnings = [
      'warning FEATURE_IGNORED: the router has no cache that could be invalidated by tags, so @cacheTag (https://specs.apollo.dev/cacheTag/v0.1) is ignored, used by Book, Query.newest',
      'warning SUBSCRIPTION_NOT_SERVED (Subscription.published): subscriptions are not served: such an operation is rejected',
      'warning OVERRIDE_LABEL_UNSET (Book.pages): the label "move-pages" has no value in `overrides`, so subgraph books keeps resolving the field',
    ];
    const composed = await composeText(yaml);
    expect(composed).toMatchObject({ kind: 'accepted', findings: expect.arrayContaining(warnings) });
    await graph.publish(yaml);
    await graph.router.reload();
    const logged = graph.log.find(({ msg }) => msg === 'supergraph activated with deviations');
    expect(logged).toMatchObject({ level: 'warn', warnings });
    expect((await graph.query('{ newest { text } }')).data).toEqual({ newest: { text: 'Long.' } });
  });
});

const UNKNOWN_NAMES = `traffic:
  subgraphs:
    reviews: &patient
      timeoutMs: 100
    boks:
      timeoutMs: 100
    bocks: *patient
headers: { subgraphs: { nobody: { request: [{ insert: { name: x-a, value: a } }] } } }
rateLimit: { fields: { Mutation.renam: { calls: 3 } } }
degradation:
  fallbacks:
    Bok.title: null
    Book.pages: many
  stale:
    Book.gone:
      maxAgeS: 60
    Query.books: {}
authentication:
  publicFields: [Query.__schema, Query.newest, Query.newst]
`;

const PROBLEMS = [
  'router.yaml:5: traffic.subgraphs.boks: the supergraph has no subgraph boks; did you mean books? its subgraphs are: books, reviews',
  'router.yaml:7: traffic.subgraphs.bocks: the supergraph has no subgraph bocks; did you mean books? its subgraphs are: books, reviews',
  'router.yaml:8: headers.subgraphs.nobody: the supergraph has no subgraph nobody; its subgraphs are: books, reviews',
  'router.yaml:19: authentication.publicFields.2: the supergraph has no field Query.newst; did you mean newest? Query has: books, book, newest',
  'router.yaml:9: rateLimit.fields.Mutation.renam: the supergraph has no field Mutation.renam; did you mean rename? Mutation has: rename',
  'router.yaml:12: degradation.fallbacks.Bok.title: the supergraph has no field Bok.title; did you mean Book? its types are: Book, Mutation, Query, Review',
  'router.yaml:13: degradation.fallbacks.Book.pages: "many" is not of the type Int',
  'router.yaml:15: degradation.stale.Book.gone: the supergraph has no field Book.gone; Book has: id, title, pages, reviews',
  'router.yaml:17: degradation.stale.Query.books: only fields of entities can be stored, and Query has no @key',
];

const LOGIN: typeof LIBRARY = {
  accounts: {
    sdl: `
      scalar JSON
      type Query { me: String }
      type Mutation { login(email: String, input: LoginInput!, more: JSON): String logout: String }
      input LoginInput { email: String!, device: Device, devices: [Device!] }
      input Device { id: ID }
    `,
    resolvers: {},
  },
};

const LIMITS = `rateLimit:
  fields:
    Mutation.login:
      - { calls: 9, per: "argument:email" }
      - { calls: 9, per: "argument:emial" }
      - { calls: 9, per: "argument:input.device.id" }
      - { calls: 9, per: "argument:input.mail" }
      - { calls: 9, per: "argument:input.device.id.x" }
      - { calls: 9, per: "argument:input.devices.id" }
      - { calls: 9, per: "argument:input.devices" }
      - { calls: 9, per: "argument:more.any.name" }
    Mutation.logout:
      calls: 9
      per: argument:user
`;

const LIMIT_PROBLEMS = [
  'router.yaml:5: rateLimit.fields.Mutation.login.1.per: Mutation.login has no argument emial; did you mean email? its arguments are: email, input, more',
  'router.yaml:7: rateLimit.fields.Mutation.login.3.per: LoginInput has no field mail; did you mean email? LoginInput has: email, device, devices',
  'router.yaml:8: rateLimit.fields.Mutation.login.4.per: input.device.id is of the type ID, which has no field x',
  'router.yaml:9: rateLimit.fields.Mutation.login.5.per: input.devices is a list, whose items cannot be counted separately',
  'router.yaml:14: rateLimit.fields.Mutation.logout.per: Mutation.logout has no argument user; it has no arguments',
];

describe('a configuration with names that the supergraph does not have', () => {
  test('is an error if it limits calls by an argument that the field does not have', async () => {
    const started = startSmallGraph({ services: LOGIN, config: LIMITS });
    await expect(started).rejects.toMatchObject({ name: 'ConfigError', problems: LIMIT_PROBLEMS });
  });

  test('rejects a later supergraph that lacks the argument of a rate limit', async () => {
    const config =
      'supergraph: { watch: false }\nrateLimit: { fields: { Mutation.rename: { calls: 9, per: "argument:title" } } }';
    await using graph = await startSmallGraph({ services: LIBRARY, config });
    const sdl = (LIBRARY['books']?.sdl ?? '').replace('title: String!): Book', 'titel: String!): Book');
    await graph.publish(graph.supergraphYaml({ books: `${link('"@key", "@listSize"')} ${sdl}` }));
    await graph.router.reload();
    expect(rejections(graph)).toEqual([
      [
        'router.yaml:2: rateLimit.fields.Mutation.rename.per: Mutation.rename has no argument title; did you mean titel? its arguments are: id, titel',
      ],
    ]);
  });

  test('is an error with file and line at start, and of `npm run compose`', async () => {
    const started = startSmallGraph({ services: LIBRARY, config: UNKNOWN_NAMES });
    await expect(started).rejects.toMatchObject({ name: 'ConfigError', problems: PROBLEMS });
    await using graph = await startSmallGraph({ services: LIBRARY });
    const composed = await composeText(graph.supergraphYaml(), UNKNOWN_NAMES);
    expect(composed).toEqual({ kind: 'rejected', reasons: PROBLEMS });
  });

  test('rejects a later supergraph, so that the router can always be restarted', async () => {
    await using graph = await startSmallGraph({
      services: LIBRARY,
      config: 'supergraph: { watch: false }\ntraffic: { subgraphs: { reviews: { timeoutMs: 900 } } }',
    });
    await graph.publish(graph.supergraphYaml().split('  reviews:')[0] ?? '');
    await graph.router.reload();
    expect(rejections(graph)).toEqual([
      [
        'router.yaml:2: traffic.subgraphs.reviews: the supergraph has no subgraph reviews; its subgraphs are: books',
      ],
    ]);
    expect((await graph.query('{ newest { text } }')).data).toEqual({ newest: { text: 'Long.' } });
  });
});

function rejections(graph: SmallGraph): unknown[] {
  return graph.log.filter(({ msg }) => msg === 'supergraph rejected').map(({ reasons }) => reasons);
}
