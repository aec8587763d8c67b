import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REF, startTestRegistry } from '../support/registry/test-registry.ts';
import type { TestRegistry } from '../support/registry/test-registry.ts';
import { databaseKinds } from '../support/subgraphs/shop-subgraph.ts';

const SDL = 'type Query { product: Int }';
const PUBLISH = `mutation ($ref: ID!, $sdl: String!) {
  publishSubgraph(ref: $ref, input: { name: "product", sdl: $sdl, routingUrl: "http://product.example" }) { updated }
}`;

describe.each(databaseKinds)('access to a registry on %s', (kind) => {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  let now = Date.UTC(2030, 0, 1);
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startTestRegistry({
      database: kind,
      now: () => now,
      log: pino({ level: 'trace' }, sink),
      settings: { maxBodyBytes: 20_000, maxSdlBytes: 5_000 },
    });
    await registry.publish('product', SDL);
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  const codeOf = async (query: string, variables: Record<string, unknown>, key: string) => {
    const { errors, status } = await registry.call(query, variables, key);
    return errors.length === 0 ? status : errors[0]?.extensions.code;
  };

  test('each role may do what its description says, for its graph only', async () => {
    const keys = {
      read: await registry.createKey('READ'),
      publish: await registry.createKey('PUBLISH'),
      admin: await registry.createKey('ADMIN'),
      other: await registry.createKey('ADMIN', 'blog'),
    };
    const read = '{ variant(ref: "shop@production") { ref } }';
    const keyList = '{ keys(graph: "shop") { id } }';
    const allKeys = '{ keys { id } }';
    const newKey = 'mutation { createKey(graph: "shop", role: READ, name: "x") { secret } }';
    const globalKey = 'mutation { createKey(role: ADMIN, name: "x") { secret } }';
    const contract = `mutation { deleteContract(ref: "${REF}", name: "absent") { updated } }`;
    const rollback = `mutation { rollback(ref: "${REF}") { sequence } }`;
    const rows: readonly (readonly [string, Record<string, unknown>, readonly unknown[]])[] = [
      [read, {}, [200, 200, 200, 'FORBIDDEN']],
      [PUBLISH, { ref: REF, sdl: SDL }, ['FORBIDDEN', 200, 200, 'FORBIDDEN']],
      [PUBLISH, { ref: 'shop@new', sdl: SDL }, ['FORBIDDEN', 'NOT_FOUND', 200, 'FORBIDDEN']],
      [rollback, {}, ['FORBIDDEN', 200, 'CONFLICT', 'FORBIDDEN']],
      [contract, {}, ['FORBIDDEN', 'FORBIDDEN', 'NOT_FOUND', 'FORBIDDEN']],
      [keyList, {}, ['FORBIDDEN', 'FORBIDDEN', 200, 'FORBIDDEN']],
      [newKey, {}, ['FORBIDDEN', 'FORBIDDEN', 200, 'FORBIDDEN']],
      [allKeys, {}, ['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']],
      [globalKey, {}, ['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']],
    ];
    for (const [query, variables, expected] of rows) {
      const actual = [];
      for (const key of Object.values(keys)) actual.push(await codeOf(query, variables, key));
      expect([query, ...actual]).toEqual([query, ...expected]);
    }
    const { data } = await registry.call('{ graphs { name } }', {}, keys.other);
    expect(data).toEqual({ graphs: [] });
    const artifacts = ['/artifacts/shop/production', '/artifacts/shop/production/release'];
    for (const path of artifacts) {
      expect((await registry.get(path, {}, keys.read)).status).toBe(200);
      expect((await registry.get(path, {}, keys.other)).status).toBe(403);
    }
  });

  test('rejects unknown and altered keys alike, and says only with the right secret that a key has ended', async () => {
    const expiring = await registry.call(
      'mutation { createKey(graph: "shop", role: READ, name: "short", expiresInDays: 2) { secret key { id expiresAt } } }',
    );
    const { secret, key } = expiring.data.createKey;
    expect(key.expiresAt).toBe(new Date(now + 2 * 86_400_000).toISOString());
    const revoked = await registry.createKey('READ');
    const id = revoked.split('_')[1];
    const read = '{ variant(ref: "shop@production") { ref } }';
    expect(await codeOf(read, {}, secret)).toBe(200);
    await registry.call('mutation ($id: ID!) { revokeKey(graph: "shop", id: $id) { revokedAt } }', { id });
    now += 2 * 86_400_000;
    const altered = registry.adminKey.replace(/_([0-9a-f])/, (_, digit) => `_${digit === '0' ? '1' : '0'}`);
    const statements = registry.statements.length;
    const wrongSecret = (text: string) =>
      text.replace(/_([0-9a-f]{47})([0-9a-f])_/, (_, most, last) => `_${most}${last === '0' ? '1' : '0'}_`);
    const cases = [
      ['', expect.stringMatching(/^an API key is required/)],
      ['x', 'unknown key'],
      [altered, 'unknown key'],
      [registry.adminKey.slice(0, -1), 'unknown key'],
      [wrongSecret(revoked), 'unknown key'],
      [wrongSecret(secret), 'unknown key'],
      [revoked, `the key ${id} was revoked on 2030-01-01 00:00 UTC`],
      [secret, `the key ${key.id} expired on 2030-01-03 00:00 UTC`],
    ] as const;
    for (const [bad, message] of cases) {
      const response = await registry.get('/artifacts/shop/production', {}, bad);
      expect([bad, response.status, response.headers.get('www-authenticate')]).toEqual([bad, 401, 'Bearer']);
      expect(await response.json()).toEqual({
        errors: [{ message, extensions: { code: 'UNAUTHENTICATED' } }],
      });
    }
    // Every key costs one look-up, whether it exists or not.
    expect(registry.statements.length - statements).toBe(cases.length);
    const header = await fetch(`${registry.url}/artifacts/shop/production`, {
      headers: { 'x-api-key': registry.adminKey },
    });
    expect(header.status).toBe(200);
  });

  test('rejects malformed requests with a status that says why', async () => {
    const cases: readonly (readonly [string, { method?: string; body?: string }, number])[] = [
      ['/nothing', {}, 404],
      ['/graphql', {}, 405],
      ['/artifacts/shop/production', { method: 'POST', body: '{}' }, 405],
      ['/artifacts/shop/unknown', {}, 404],
      ['/artifacts/shop/production?wait=900', {}, 400],
      ['/artifacts/shop/production?wait=x', {}, 400],
      [`/artifacts/shop/supergraphs/${'0'.repeat(64)}`, {}, 404],
      ['/artifacts/..%2f..%2fetc/production', {}, 404],
      ['/graphql', { method: 'POST', body: '{"query":"{"}' }, 400],
      ['/graphql', { method: 'POST', body: '{"query":"{ unknown }"}' }, 400],
      ['/graphql', { method: 'POST', body: '{}' }, 400],
      ['/graphql', { method: 'POST', body: 'no JSON' }, 400],
      [
        '/graphql',
        { method: 'POST', body: `{"query":"{ graphs { name } }","x":"${'x'.repeat(30_000)}"}` },
        413,
      ],
      ['/routers/shop/production', { method: 'POST', body: 'no JSON' }, 400],
    ];
    const headers = { authorization: `Bearer ${registry.adminKey}`, 'content-type': 'application/json' };
    for (const [path, init, status] of cases) {
      const response = await fetch(`${registry.url}${path}`, { headers, ...init });
      expect([path, init.body?.slice(0, 30), response.status]).toEqual([
        path,
        init.body?.slice(0, 30),
        status,
      ]);
      expect(await response.json()).toMatchObject({ errors: [{ message: expect.any(String) }] });
    }
    const large = await registry.call(PUBLISH, { ref: REF, sdl: `# ${'x'.repeat(6_000)}\n${SDL}` });
    expect([large.status, large.errors[0]?.extensions.code]).toEqual([413, 'TOO_LARGE']);
    const inputs = [
      { ref: 'no reference', name: 'a', routingUrl: 'http://a' },
      { ref: REF, name: '../a', routingUrl: 'http://a' },
      { ref: REF, name: 'a', routingUrl: 'file:///etc/passwd' },
      { ref: REF, name: 'a', routingUrl: null },
    ];
    for (const { ref, ...input } of inputs) {
      const { errors } = await registry.call(
        'mutation ($ref: ID!, $input: PublishInput!) { publishSubgraph(ref: $ref, input: $input) { updated } }',
        { ref, input: { ...input, sdl: SDL } },
      );
      expect([input, errors[0]?.extensions.code]).toEqual([input, 'BAD_USER_INPUT']);
    }
    expect(await registry.publish('product', 'type Query {')).toMatchObject({
      updated: false,
      launch: null,
      errors: [{ code: 'INVALID_GRAPHQL', subgraph: 'product', line: 1 }],
    });
    const settings = await registry.call(
      'mutation ($settings: VariantSettingsInput!) { configureVariant(ref: "shop@production", settings: $settings) { ref } }',
      { settings: { rollout: { strategy: 'canary', steps: [50, 10] }, checks: { ignoreBelow: 1 } } },
    );
    expect(settings.errors).toMatchObject([
      {
        message: expect.stringMatching(/settings\.rollout\.steps: must rise.*ignoreBelow/),
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });

  test('limits what one request reads, and the texts that it stores', async () => {
    // Five versions of each of five versions, and so on: 15,625 rows on the sixth level.
    const nested = (depth: number): string =>
      depth === 0 ? 'sdl' : `versions(first: 100) { edges { node { ${nested(depth - 1)} } } }`;
    const query = (selection: string) => `{ variant(ref: "${REF}") { subgraphs { ${selection} } } }`;
    for (let version = 0; version < 5; version += 1) await registry.publish('product', `${SDL} # ${version}`);
    const one = await registry.call(query(nested(1)));
    expect([one.status, one.errors]).toEqual([200, []]);
    const before = registry.statements.length;
    const many = await registry.call(query(nested(6)));
    expect([many.data, many.errors[0]?.extensions.code]).toEqual([{ variant: null }, 'TOO_LARGE']);
    expect(registry.statements.length - before).toBeLessThan(1_000);
    const aliases = Array.from({ length: 6 }, (_, index) => `m${index}: operationManifest`).join(' ');
    const manifests = await registry.call(`{ variant(ref: "${REF}") { ${aliases} } }`);
    expect(manifests.errors[0]?.extensions.code).toBe('TOO_LARGE');

    const long = 'x'.repeat(2_001);
    const rollback = `mutation ($reason: String) { rollback(ref: "${REF}", reason: $reason) { sequence } }`;
    const rejected = [
      await registry.call(rollback, { reason: long }),
      ...(await Promise.all(
        [{ author: long }, { commit: long }, { routingUrl: `http://a.example/${long}` }].map((more) =>
          registry.call(
            'mutation ($ref: ID!, $input: PublishInput!) { publishSubgraph(ref: $ref, input: $input) { updated } }',
            { ref: REF, input: { name: 'product', sdl: SDL, ...more } },
          ),
        ),
      )),
    ];
    for (const { errors } of rejected)
      expect(errors).toMatchObject([
        { message: expect.stringContaining('2000 characters'), extensions: { code: 'BAD_USER_INPUT' } },
      ]);
    const report = { instance: 'a\0b', routerVersion: '1.0.0', startedAt: new Date(now).toISOString() };
    expect((await registry.post('/routers/shop/production', report)).status).toBe(400);
  });

  test('logs a rejected key with path, address and the ids of the caller, without the key', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const key = 'trib_1_secret_AAAAAAAAAAAAAAAA';
    const response = await fetch(`${registry.url}/graphql?key=${key}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'x-request-id': 'rejected-key',
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      },
      body: '{}',
    });
    expect(response.status).toBe(401);
    const logged = lines
      .map((line) => JSON.parse(line))
      .filter(({ requestId }) => requestId === 'rejected-key');
    const request = {
      traceId,
      method: 'POST',
      path: '/graphql',
      clientIp: expect.stringContaining('127.0.0.1'),
    };
    expect(logged).toMatchObject([
      { ...request, stream: 'audit', code: 'UNAUTHENTICATED', msg: 'API key rejected' },
      { ...request, status: 401, msg: 'request handled' },
    ]);
    expect(lines.join('')).not.toContain(key);
  });

  test('records who changed what, and writes no secret to log, audit or responses', async () => {
    const created = await registry.createKey('PUBLISH');
    await registry.publish('product', `${SDL} type Extra { a: Int }`, { key: created });
    const { data } = await registry.call(
      '{ audit(graph: "shop", first: 3) { edges { node { at action variant keyId keyName details } } pageInfo { hasNextPage endCursor } } }',
    );
    const [publish, key] = data.audit.edges.map(({ node }: { node: unknown }) => node);
    expect(publish).toMatchObject({
      at: new Date(now).toISOString(),
      action: 'publish',
      variant: 'production',
      keyId: created.split('_')[1],
      keyName: 'test',
      details: { cause: 'publish product', status: 'SERVING' },
    });
    expect(key).toMatchObject({ action: 'createKey', details: { role: 'PUBLISH', name: 'test' } });
    const next = await registry.call(
      'query ($after: String!) { audit(graph: "shop", first: 1, after: $after) { edges { node { action } } } }',
      { after: data.audit.pageInfo.endCursor },
    );
    expect(next.data.audit.edges).toHaveLength(1);
    await registry.get(`/artifacts/shop/production?key=${created}`);
    const everything = [...lines, JSON.stringify(data)].join('\n');
    const keys = await registry.call('{ keys(graph: "shop") { id name role } }');
    for (const secret of [created, registry.adminKey].map((text) => text.split('_')[2] ?? ''))
      expect([everything.includes(secret), JSON.stringify(keys).includes(secret)]).toEqual([false, false]);
    expect(lines.length).toBeGreaterThan(20);
    const health = await fetch(`${registry.url}/health?ready`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'UP' }]);
  });
});
