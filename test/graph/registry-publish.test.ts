import { createHash, createPublicKey, verify } from 'node:crypto';
import { compactVerify, createLocalJWKSet } from 'jose';
import type { JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { verifyRelease } from '../../router/supergraph/registry/release.ts';
import { REF, startTestRegistry } from '../support/registry/test-registry.ts';
import type { TestRegistry } from '../support/registry/test-registry.ts';
import { until } from '../support/time/until.ts';
import { databaseKinds, dropLocation, testLocation } from '../support/subgraphs/shop-subgraph.ts';

const product = `type Query { product(id: ID!): Product }
type Product @key(fields: "id") { id: ID! name: String! }`;
const review = `type Query { reviews: [Review!]! }
type Review { text: String! product: Product! }
type Product @key(fields: "id") { id: ID! }`;

describe.each(databaseKinds)('a registry on %s', (kind) => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startTestRegistry({
      database: kind,
      settings: { consoleUrl: 'https://router.example/console' },
    });
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  test('publishes subgraphs, and serves the composed supergraph signed by hash', async () => {
    expect(await registry.publish('product', product)).toEqual({
      created: true,
      updated: true,
      launch: { number: 1, status: 'SERVING' },
      check: null,
      errors: [],
    });
    expect(await registry.publish('review', review)).toMatchObject({ created: true, launch: { number: 2 } });
    const response = await registry.get('/artifacts/shop/production');
    const sdl = await response.text();
    const hash = createHash('sha256').update(sdl);
    const hex = hash.copy().digest('hex');
    expect(sdl).toContain('reviews: [Review!]! @join__field(graph: REVIEW)');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      etag: `"${hex}"`,
      'repr-digest': `sha-256=:${hash.digest('base64')}:`,
      'tributary-launch': '2',
    });
    const { keys } = (await (await fetch(`${registry.url}/.well-known/jwks.json`)).json()) as { keys: JWK[] };
    const key = createPublicKey({ key: keys[0] ?? {}, format: 'jwk' });
    const signature = Buffer.from(response.headers.get('tributary-signature') ?? '', 'base64');
    expect(verify(null, Buffer.from(sdl), key, signature)).toBe(true);

    const release = await registry.get('/artifacts/shop/production/release');
    const jws = await release.text();
    expect(release.headers.get('content-type')).toBe('application/jose');
    const { payload } = await compactVerify(jws, createLocalJWKSet({ keys }));
    expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({
      sequence: 2,
      serving: { launch: 2, sha256: hex },
      canary: null,
      rollback: false,
    });
    expect(await verifyRelease(jws, { key, graph: REF })).toMatchObject({ kind: 'valid' });
    const byContent = await registry.get(`/artifacts/shop/supergraphs/${hex}`);
    expect([await byContent.text(), byContent.headers.get('cache-control')]).toEqual([
      sdl,
      'private, max-age=31536000, immutable',
    ]);
  });

  test('an identical publish changes nothing', async () => {
    expect(await registry.publish('product', product)).toMatchObject({
      created: false,
      updated: false,
      launch: { number: 2 },
    });
  });

  test('a long poll ends with the next release, and without one with 304', async () => {
    const first = await registry.get('/artifacts/shop/production/release');
    const etag = first.headers.get('etag') ?? '';
    const unchanged = await registry.get('/artifacts/shop/production/release', { 'if-none-match': etag });
    expect([unchanged.status, unchanged.headers.get('etag')]).toEqual([304, etag]);
    const polled = registry.get('/artifacts/shop/production/release?wait=60', { 'if-none-match': etag });
    await registry.publish('product', `${product}\nextend type Product { size: Int }`);
    expect((await polled).headers.get('tributary-sequence')).toBe('3');
  });

  test('stores a schema that does not compose, and goes on serving', async () => {
    const before = await (await registry.get('/artifacts/shop/production')).text();
    const broken = await registry.publish('review', review.replace('product: Product!', 'product: Good!'));
    expect(broken).toMatchObject({ updated: true, launch: { number: 4, status: 'FAILED' } });
    expect(broken.errors[0]).toMatchObject({ code: 'INVALID_GRAPHQL', subgraph: 'review' });
    expect(await (await registry.get('/artifacts/shop/production')).text()).toBe(before);
    const { data } = await registry.call(
      `query ($ref: ID!) { variant(ref: $ref) {
        serving { number } subgraphs { name version launch }
        launches(first: 2) { edges { node { number status cause errors { code } } } pageInfo { hasNextPage } }
      } }`,
      { ref: REF },
    );
    expect(data.variant).toEqual({
      serving: { number: 3 },
      subgraphs: [
        { name: 'product', version: 2, launch: 3 },
        { name: 'review', version: 2, launch: 4 },
      ],
      launches: {
        edges: [
          {
            node: {
              number: 4,
              status: 'FAILED',
              cause: 'publish review',
              errors: [{ code: 'INVALID_GRAPHQL' }],
            },
          },
          { node: { number: 3, status: 'SERVING', cause: 'publish product', errors: [] } },
        ],
        pageInfo: { hasNextPage: true },
      },
    });
  });

  test('composes contracts with each launch, and puts them into the release', async () => {
    const ref = 'shop@tagged';
    const sdl = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@tag"])
      type Query { price: Int cost: Int @tag(name: "internal") }`;
    await registry.publish('product', sdl, { ref });
    const publishContract = async (exclude: readonly string[]) => {
      const { data, errors } = await registry.call(
        `mutation ($ref: ID!, $exclude: [String!]!) {
          publishContract(ref: $ref, input: { name: "partner", exclude: $exclude }) {
            created updated launch { number status contracts { name sdl errors { message } } } errors { code message }
          }
        }`,
        { ref, exclude },
      );
      expect(errors).toEqual([]);
      return data.publishContract;
    };
    const published = await publishContract(['internal']);
    expect(published).toMatchObject({ created: true, launch: { number: 2, status: 'SERVING' }, errors: [] });
    expect(published.launch.contracts[0].sdl).toContain('price: Int');
    expect(published.launch.contracts[0].sdl).not.toContain('cost');
    const jws = await (await registry.get('/artifacts/shop/tagged/release')).text();
    const payload: unknown = JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());
    expect(payload).toMatchObject({
      serving: { launch: 2 },
      contracts: [{ name: 'partner', include: [], exclude: ['internal'], hideUnreachable: true }],
    });
    const rejection = { created: false, updated: false, launch: null };
    const code = 'CONTRACT_INVALID';
    expect(await publishContract(['intern'])).toEqual({
      ...rejection,
      errors: [{ code, message: expect.stringMatching(/no tag intern;/) }],
    });
    // Nothing was stored, so the next publish makes launch 3 and composes with the contract as it was.
    const all = sdl.replace('price: Int', 'price: Int @tag(name: "public")');
    expect(await registry.publish('product', all, { ref })).toMatchObject({
      launch: { number: 3, status: 'SERVING' },
    });
    expect(await publishContract(['internal', 'public'])).toMatchObject({
      ...rejection,
      errors: [{ code, message: expect.stringMatching(/Query/) }],
    });
    // A contract that becomes invalid later fails the launch.
    const untagged = await registry.publish('product', 'type Query { price: Int }', { ref });
    expect(untagged).toMatchObject({ updated: true, launch: { number: 4, status: 'FAILED' } });
    expect(untagged.errors).toMatchObject([{ code, message: expect.stringMatching(/no tag internal/) }]);
    expect(await publishContract(['intern'])).toMatchObject(rejection);
    expect(await registry.publish('product', sdl, { ref })).toMatchObject({ launch: { status: 'SERVING' } });
    const { data } = await registry.call(
      `mutation ($ref: ID!) { deleteContract(ref: $ref, name: "partner") { launch { cause contracts { name } } } }`,
      { ref },
    );
    expect(data.deleteContract.launch).toEqual({ cause: 'delete contract partner', contracts: [] });
  });

  test('removes a subgraph, or only tries to', async () => {
    const ref = 'shop@removal';
    await registry.publish('a', 'type Query { a: Int }', { ref });
    await registry.publish('b', 'type Query { b: Int }', { ref });
    const remove = async (name: string, dryRun: boolean) => {
      const result = await registry.call(
        `mutation ($ref: ID!, $name: String!, $dryRun: Boolean) {
          deleteSubgraph(ref: $ref, name: $name, dryRun: $dryRun) { updated launch { number status } errors { code } }
        }`,
        { ref, name, dryRun },
      );
      return result.data?.deleteSubgraph ?? result.errors[0];
    };
    expect(await remove('b', true)).toEqual({ updated: false, launch: null, errors: [] });
    expect(await remove('b', false)).toMatchObject({
      updated: true,
      launch: { number: 3, status: 'SERVING' },
    });
    expect(await remove('b', false)).toMatchObject({ extensions: { code: 'NOT_FOUND' } });
    expect(await remove('a', false)).toMatchObject({
      launch: { status: 'FAILED' },
      errors: [{ code: 'NO_SUBGRAPHS' }],
    });
    const { data } = await registry.call('query ($ref: ID!) { variant(ref: $ref) { subgraphs { name } } }', {
      ref,
    });
    expect(data.variant.subgraphs).toEqual([]);
  });

  test('publishes several subgraphs in one launch, so that a field can move between them', async () => {
    const ref = 'shop@moved';
    const { data, errors } = await registry.call(
      `mutation ($ref: ID!, $inputs: [PublishInput!]!) {
        publishSubgraphs(ref: $ref, inputs: $inputs) { launch { number cause status subgraphs { name } } }
      }`,
      {
        ref,
        inputs: ['b', 'a'].map((name) => ({
          name,
          sdl: `type Query { ${name}: Int }`,
          routingUrl: 'http://x.example',
        })),
      },
    );
    expect(errors).toEqual([]);
    expect(data.publishSubgraphs.launch).toEqual({
      number: 1,
      cause: 'publish b, publish a',
      status: 'SERVING',
      subgraphs: [{ name: 'a' }, { name: 'b' }],
    });
  });

  test('checks a proposed schema in the background and stores the report', async () => {
    const ref = 'shop@checked';
    await registry.publish('product', product, { ref });
    const started = await registry.call(
      `mutation ($ref: ID!, $input: CheckInput!) { checkSubgraph(ref: $ref, input: $input) { id status subgraph } }`,
      { ref, input: { name: 'product', sdl: product.replace('name: String!', 'name: Missing') } },
      await registry.createKey('READ'),
    );
    const { id, ...rest } = started.data.checkSubgraph;
    expect(rest).toEqual({ status: 'RUNNING', subgraph: 'product' });
    const read = async () =>
      (await registry.call('query ($id: ID!) { check(id: $id) { status report finishedAt } }', { id })).data
        .check;
    expect(await until(async () => (await read()).status !== 'RUNNING', 50_000)).toBe(true);
    expect(await read()).toMatchObject({
      status: 'FAILED',
      report: { success: false, composition: { errors: [{ code: 'INVALID_GRAPHQL', subgraph: 'product' }] } },
      finishedAt: expect.stringMatching(/Z$/),
    });
    const { data } = await registry.call(
      'query ($ref: ID!) { variant(ref: $ref) { subgraphs { sdl } checks(first: 5) { edges { node { id url } } } } }',
      { ref },
    );
    expect(data.variant.subgraphs).toEqual([{ sdl: product }]);
    const url = `https://router.example/console#/publish/checks/${id}`;
    expect(data.variant.checks.edges).toEqual([{ node: { id, url } }]);
  });

  test('rejects a publish that breaks recorded operations, unless it is allowed to', async () => {
    const ref = 'shop@gated';
    const query = 'query Names { product(id: 1) { name } }';
    const manifest = {
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [{ id: 'names', name: 'Names', type: 'query', body: query }],
    };
    await registry.publish('product', product, { ref });
    const pushed = await registry.call(
      'mutation ($ref: ID!, $manifest: JSON!) { pushOperations(ref: $ref, manifest: $manifest, client: "web") }',
      { ref, manifest },
    );
    expect(pushed).toMatchObject({ data: { pushOperations: 1 }, errors: [] });
    const renamed = product.replace('name: String!', 'title: String!');
    const rejected = await registry.publish('product', renamed, { ref });
    expect(rejected).toMatchObject({
      updated: false,
      launch: null,
      check: { status: 'FAILED' },
      errors: [{ code: 'CHECK_FAILED' }],
    });
    const { data } = await registry.call('query ($id: ID!) { check(id: $id) { report subgraph } }', {
      id: rejected.check?.id,
    });
    expect(data.check).toMatchObject({
      subgraph: 'product',
      report: { operations: [{ name: 'Names', client: 'web', verdict: 'breaks' }] },
    });
    expect(
      await registry.publish('product', product.replace('name: String!', 'name: String! size: Int'), { ref }),
    ).toMatchObject({ launch: { number: 2, status: 'SERVING' }, check: { status: 'PASSED' } });
    expect(await registry.publish('product', renamed, { ref, allowBreaking: true })).toMatchObject({
      launch: { number: 3, status: 'SERVING' },
      check: { status: 'FAILED' },
    });
  });
});

test('/metrics counts publishes, checks, compositions, releases, long polls and routers without naming a graph', async () => {
  await using own = await startTestRegistry();
  const read = async () => {
    const response = await fetch(`${own.url}/metrics`);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^text\/plain/),
    ]);
    const text = await response.text();
    expect(text).not.toContain('shop');
    return new Map(
      text.split('\n').flatMap((line) => {
        const [, name, value] = /^tributary_registry_(\S+) (\S+)$/.exec(line) ?? [];
        return name === undefined ? [] : [[name, Number(value)] as const];
      }),
    );
  };
  expect((await read()).get('publishes_total{result="published"}')).toBe(0);
  await own.publish('a', 'type Query { a: Int }');
  await own.publish('a', 'type Query { a: Int }');
  await own.publish('a', 'type Query { a: Missing }');
  await own.publish('a', 'type Query {');
  await own.publish('a', 'type Query { a: Int b: Int }');
  const check = `mutation { checkSubgraph(ref: "${REF}", input: { name: "a", sdl: "type Query { b: Int }" }) { id } }`;
  await own.call(check);
  const report = {
    instance: 'router-1',
    routerVersion: '1.0.0',
    startedAt: new Date().toISOString(),
    sequence: 1,
    serving: null,
    canary: null,
    rejections: [],
  };
  expect((await own.post('/routers/shop/production', report)).status).toBe(204);
  const etag = (await own.get('/artifacts/shop/production')).headers.get('etag') ?? '';
  const poll = own.get('/artifacts/shop/production?wait=60', { 'if-none-match': etag });
  await vi.waitUntil(
    async () => (await read()).get('check_duration_seconds_count{result="passed"}') === 1,
    30_000,
  );
  await vi.waitUntil(async () => (await read()).get('long_polls_open') === 1, 30_000);
  const values = await read();
  const expected = {
    'publishes_total{result="published"}': 2,
    'publishes_total{result="unchanged"}': 1,
    'publishes_total{result="composition_failed"}': 1,
    'publishes_total{result="rejected"}': 1,
    'publishes_total{result="error"}': 0,
    'composition_duration_seconds_count{result="composed"}': 2,
    'composition_duration_seconds_count{result="failed"}': 1,
    releases_total: 2,
    routers: 1,
  };
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, values.get(name)]))).toEqual(expected);
  await own.publish('a', 'type Query { a: Int b: Int c: Int }');
  expect((await poll).status).toBe(200);
  expect((await read()).get('long_polls_open')).toBe(0);
});

test('a restart keeps everything, and removes what has expired but is not served', async () => {
  const location = await testLocation('registry', 'embedded');
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => dropLocation(location));
  let now = Date.UTC(2030, 0, 1);
  const first = await startTestRegistry({ database: location, now: () => now });
  for (const field of ['a1', 'a2', 'a3']) await first.publish('a', `type Query { ${field}: Int }`);
  await first.call('mutation { rollback(ref: "shop@production", launch: 2) { sequence } }');
  const before = await (await first.get('/artifacts/shop/production/release')).text();
  await first.close();
  now += 400 * 86_400_000;
  await using second = await startTestRegistry({
    database: location,
    now: () => now,
    adminKey: first.adminKey,
  });
  const launches = async () => {
    const { data } = await second.call(
      '{ variant(ref: "shop@production") { launches { edges { node { number } } } subgraphs { version sdl } subgraph(name: "a") { versions { edges { node { version } } } } } }',
    );
    const numbers = (connection: { edges: { node: Record<string, number> }[] }) =>
      connection.edges.map(({ node }) => Object.values(node)[0]);
    const { variant } = data;
    return {
      launches: numbers(variant.launches),
      versions: numbers(variant.subgraph.versions),
      now: variant.subgraphs,
    };
  };
  const isReduced = async () =>
    (await launches()).launches.length === 2 && (await launches()).versions.length === 3;
  expect(await until(isReduced, 20_000)).toBe(true);
  expect(await launches()).toEqual({
    launches: [3, 2],
    versions: [4, 3, 2],
    now: [{ version: 4, sdl: 'type Query { a2: Int }' }],
  });
  expect(await (await second.get('/artifacts/shop/production/release')).text()).toBe(before);
  expect(await (await second.get('/artifacts/shop/production')).text()).toContain('a2');
  expect(await second.publish('a', 'type Query { a4: Int }')).toMatchObject({ launch: { number: 4 } });
});
