import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestRegistry } from '../support/registry/test-registry.ts';
import type { TestRegistry } from '../support/registry/test-registry.ts';
import { databaseKinds } from '../support/subgraphs/shop-subgraph.ts';

const STATE = `query ($ref: ID!) { variant(ref: $ref) {
  serving { number } canary { number }
  release { sequence rollback canaryPercent canaryState reason }
  subgraphs { name version launch sdl }
  launches(first: 20) { edges { node { number status } } }
} }`;

const COMPARISON = `query ($ref: ID!) { variant(ref: $ref) { release { comparison {
  since routers result reason
  canary { requests errors degraded latency { toMs requests } } rest { requests }
} } } }`;
const BUCKET = { toMs: null, requests: 0 };

const DIRECT = { rollout: { strategy: 'direct' } };
const CANARY = { rollout: { strategy: 'canary', steps: [10, 50], stepMinutes: 1, minRequests: 20 } };

const withField = (name: string) => `type Query { ${name}: Int }`;

describe.each(databaseKinds)('the rollout of a registry on %s', (kind) => {
  let registry: TestRegistry;
  let now = Date.UTC(2030, 0, 1);
  beforeAll(async () => {
    registry = await startTestRegistry({ database: kind, now: () => now });
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  async function variant(ref: string) {
    const { data } = await registry.call(STATE, { ref });
    const launches = data.variant.launches.edges.map(
      ({ node }: { node: { number: number; status: string } }) => [node.number, node.status] as const,
    );
    return { ...data.variant, launches: Object.fromEntries(launches) };
  }

  async function comparison(ref: string) {
    const { data, errors } = await registry.call(COMPARISON, { ref });
    expect(errors).toEqual([]);
    return data.variant.release.comparison;
  }

  async function act(ref: string, action: string, rest = '') {
    const result = await registry.call(
      `mutation ($ref: ID!) { ${action}(ref: $ref ${rest}) { sequence rollback reason } }`,
      { ref },
    );
    return result.data?.[action] ?? result.errors[0];
  }

  async function configure(ref: string, settings: unknown) {
    const { errors } = await registry.call(
      'mutation ($ref: ID!, $settings: VariantSettingsInput!) { configureVariant(ref: $ref, settings: $settings) { ref } }',
      { ref, settings },
    );
    expect(errors).toEqual([]);
  }

  test('a rollback serves an earlier launch, and later publishes build on it', async () => {
    const ref = 'shop@rollback';
    await registry.publish('a', withField('a1'), { ref });
    await registry.publish('b', withField('b1'), { ref });
    await registry.publish('a', withField('a2'), { ref });
    const path = '/artifacts/shop/rollback';
    const before = await registry.get(path);
    const polled = registry.get(`${path}?wait=60`, { 'if-none-match': before.headers.get('etag') ?? '' });
    expect(await act(ref, 'rollback', 'reason: "a2 is wrong"')).toEqual({
      sequence: 4,
      rollback: true,
      reason: 'launch 3 is rolled back to 2: a2 is wrong',
    });
    expect(await (await polled).text()).toContain('a1');
    const state = await variant(ref);
    expect(state).toMatchObject({
      serving: { number: 2 },
      subgraphs: [
        { name: 'a', version: 3, launch: 4, sdl: withField('a1') },
        { name: 'b', version: 1 },
      ],
      launches: { 1: 'SUPERSEDED', 2: 'SERVING', 3: 'ROLLED_BACK' },
    });
    await registry.publish('b', withField('b2'), { ref });
    const next = await (await registry.get(path)).text();
    expect([next.includes('a1'), next.includes('a2'), next.includes('b2')]).toEqual([true, false, true]);
    expect(await act(ref, 'rollback', 'launch: 9')).toMatchObject({ extensions: { code: 'NOT_FOUND' } });
    expect(await act(ref, 'rollback', 'launch: 4')).toMatchObject({ extensions: { code: 'CONFLICT' } });
    expect(await act(ref, 'promote')).toMatchObject({ extensions: { code: 'CONFLICT' } });
  });

  test('a canary is paused, resumed, promoted and rolled back by requests', async () => {
    const ref = 'shop@canary';
    await registry.publish('a', withField('a1'), { ref });
    await configure(ref, CANARY);
    await registry.publish('a', withField('a2'), { ref });
    expect(await variant(ref)).toMatchObject({
      serving: { number: 1 },
      canary: { number: 2 },
      release: { sequence: 2, canaryPercent: 10, canaryState: 'RUNNING' },
      launches: { 1: 'SERVING', 2: 'CANARY' },
    });
    expect(await act(ref, 'pause')).toMatchObject({ sequence: 3 });
    expect(await variant(ref)).toMatchObject({
      release: { canaryState: 'PAUSED' },
      launches: { 2: 'PAUSED' },
    });
    expect(await act(ref, 'pause')).toMatchObject({ extensions: { code: 'CONFLICT' } });
    expect(await act(ref, 'resume')).toMatchObject({ sequence: 4 });
    expect(await act(ref, 'promote')).toMatchObject({ sequence: 5, rollback: false });
    expect(await variant(ref)).toMatchObject({ serving: { number: 2 }, canary: null });
    await registry.publish('a', withField('a3'), { ref });
    expect(await act(ref, 'rollback')).toMatchObject({ sequence: 7, rollback: true });
    expect(await variant(ref)).toMatchObject({
      serving: { number: 2 },
      canary: null,
      launches: { 1: 'SUPERSEDED', 2: 'SERVING', 3: 'ROLLED_BACK' },
      subgraphs: [{ sdl: withField('a2') }],
    });
  });

  test('the reports of routers promote a canary step by step without its pauses, or end it', async () => {
    const ref = 'shop@reports';
    await registry.publish('a', withField('a1'), { ref });
    await configure(ref, CANARY);
    await registry.publish('a', withField('a2'), { ref });
    const stats = {
      requests: 500,
      errors: 0,
      degraded: 0,
      breakerOpenings: 0,
      latencyBuckets: Array(14).fill(0),
    };
    const report = (percent: number, more = {}) =>
      registry.post('/routers/shop/reports', {
        instance: 'router-1',
        routerVersion: '0.1.0',
        startedAt: new Date(now).toISOString(),
        sequence: 2,
        serving: { launch: 1, since: new Date(now).toISOString() },
        canary: { launch: 2, since: new Date(now).toISOString() },
        rejections: [],
        canaryStats: {
          launch: 2,
          began: 2,
          percent,
          window: { fromMs: now, toMs: now },
          baseline: stats,
          canary: stats,
        },
        decision: null,
        ...more,
      });
    expect(await comparison(ref)).toMatchObject({ routers: 0, result: 'UNDECIDED', canary: { requests: 0 } });
    expect((await report(10)).status).toBe(204);
    expect(await variant(ref)).toMatchObject({ release: { sequence: 2, canaryPercent: 10 } });
    expect(await comparison(ref)).toEqual({
      since: new Date(now).toISOString(),
      routers: 1,
      result: 'HEALTHY',
      reason: expect.stringContaining('errors 0 of 500 (0.0 %) against 0 of 500'),
      canary: { requests: 500, errors: 0, degraded: 0, latency: expect.arrayContaining([BUCKET]) },
      rest: { requests: 500 },
    });
    now += 61_000;
    await report(10);
    expect(await variant(ref)).toMatchObject({ release: { sequence: 3, canaryPercent: 50 } });
    now += 30_000;
    expect(await act(ref, 'pause')).toMatchObject({ sequence: 4 });
    now += 3_600_000;
    await report(50);
    expect(await act(ref, 'resume')).toMatchObject({ sequence: 5 });
    await report(50);
    now += 29_000;
    await report(50);
    expect(await variant(ref)).toMatchObject({ release: { sequence: 5, canaryPercent: 50 } });
    now += 1_000;
    await report(50);
    expect(await variant(ref)).toMatchObject({
      serving: { number: 2 },
      canary: null,
      release: { sequence: 6 },
    });
    expect(await comparison(ref)).toBeNull();

    await registry.publish('a', withField('a3'), { ref });
    const decision = { kind: 'rollback', launch: 3, began: 7, reason: 'every request failed' };
    await report(10, { canaryStats: null, decision });
    expect(await variant(ref)).toMatchObject({
      serving: { number: 2 },
      canary: null,
      release: { rollback: true, reason: expect.stringContaining('every request failed') },
      launches: { 3: 'ROLLED_BACK' },
    });
    const { data } = await registry.call(
      '{ variant(ref: "shop@reports") { routers { instance sequence serving canary } } }',
    );
    expect(data.variant.routers).toEqual([{ instance: 'router-1', sequence: 2, serving: 1, canary: 2 }]);
    const bad = await registry.post('/routers/shop/reports', { instance: 7 });
    expect([bad.status, await bad.text()]).toEqual([400, expect.stringContaining('instance: ')]);
    await configure(ref, DIRECT);
  });
});
