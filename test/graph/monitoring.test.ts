import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphQLError } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SHARES } from '../../router/load-shedding/priority.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph, SmallGraphOptions } from '../support/graphs/small-graph.ts';
import { alertRules, OBSERVABILITY } from '../support/observability/alerts.ts';
import { panelsOf, readDashboards } from '../support/observability/dashboards.ts';
import { startBreakableRedis } from '../support/servers/breakable-redis.ts';
import type { BreakableRedis } from '../support/servers/breakable-redis.ts';
import { createAuthority } from '../support/servers/certificates.ts';
import { findDeployTools } from '../support/servers/deploy-tools.ts';
import { freePort } from '../support/servers/free-port.ts';
import { startPrometheus } from '../support/servers/prometheus.ts';
import type { Prometheus, Sample } from '../support/servers/prometheus.ts';
import { until } from '../support/time/until.ts';

const { prometheus: program } = findDeployTools();
const LIMIT_MS = 30_000;
const MAX_CONCURRENT = 8;

/** Requests for `slow` that have reached their resolver, which responds when the gate opens. */
let waiting = 0;
let gate = Promise.withResolvers<number>();

const SERVICES: SmallGraphOptions['services'] = {
  books: {
    sdl: `
      type Query { books: [Book!] @listSize(assumedSize: 50) slow: Int broken: Int limited: Int }
      type Book @key(fields: "id") { id: ID! title: String oldTitle: String @deprecated(reason: "use title") }
    `,
    resolvers: {
      Query: {
        books: () => [{ id: '1', title: 'Middlemarch', oldTitle: 'M' }],
        slow: () => {
          waiting += 1;
          return gate.promise;
        },
        limited: () => 1,
        broken: () => {
          throw new GraphQLError('no such column', { extensions: { code: 'INTERNAL_SERVER_ERROR' } });
        },
      },
    },
  },
  reviews: {
    sdl: 'type Book @key(fields: "id") { id: ID! reviews: [String!] }',
    resolvers: { Book: { reviews: () => ['Long.'] } },
  },
};

const BOOKS = 'query Books { books { title oldTitle reviews } }';

/** Panels without data, because this router does not have what they show, or nothing goes wrong there. */
const WITHOUT_DATA: Readonly<Record<string, string>> = {
  Launch: 'the supergraph is a file, not a release of a registry',
  'Sequence of the release': 'the supergraph is a file, not a release of a registry',
  'Reports to the registry': 'there is no registry',
  'Recorded operations': 'there is no registry that operations are delivered to',
  'Would have been rejected': 'limits are in mode "enforce"',
  'Connections closed by the router': 'no client sends or reads slowly',
  'Ejected addresses': 'each subgraph has one address',
};

/** Alerts for which this test has no cause; their expressions are tested in deploy/observability/tests. */
const WITHOUT_CAUSE = ['TributaryCanaryRolledBack'];

describe.skipIf(program === undefined)('Prometheus with a router under faults', () => {
  const stack = new AsyncDisposableStack();
  let graph: SmallGraph;
  let prometheus: Prometheus;
  let redis: BreakableRedis;
  let token: string;

  const send = async (query: string, headers: Readonly<Record<string, string>> = {}) =>
    (
      await graph.post(
        { query },
        { 'apollographql-client-name': 'web', 'apollographql-client-version': '7', ...headers },
      )
    ).text();

  /** Sends requests that succeed, and requests with each kind of fault. */
  async function sendEverything(): Promise<void> {
    const authorization = `Bearer ${token}`;
    for (let index = 0; index < 12; index += 1) await send(BOOKS, { authorization });
    for (let index = 0; index < 3; index += 1) await send('query Limited { limited }');
    await send('query Broken { broken }', { authorization });
    await send('query Forged { books { title } }', { authorization: 'Bearer forged' });
    await (
      await graph.post({ extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } })
    ).text();
    await sendTooMany(authorization);
  }

  /** Sends one request more than are allowed at once. Which ones are rejected depends on their priority. */
  async function sendTooMany(authorization: string): Promise<void> {
    [waiting, gate] = [0, Promise.withResolvers()];
    let rejected = 0;
    const crowd = Array.from({ length: MAX_CONCURRENT + 1 }, async () => {
      const text = await send('query Crowd { slow }', { authorization });
      if (text.includes('OVERLOADED')) rejected += 1;
    });
    expect(await until(() => waiting + rejected === crowd.length, LIMIT_MS)).toBe(true);
    gate.resolve(1);
    await Promise.all(crowd);
    expect(rejected).toBeGreaterThan(0);
  }

  /**
   * Repeats the crowd until one counter of rejected requests rises between two scrapes. Each priority has a
   * counter, so at the latest the crowd after as many crowds as there are priorities makes one rise.
   */
  async function rejectTwiceWithOnePriority(authorization: string, crowdsBefore: number): Promise<void> {
    const rises = async () =>
      hasData(await prometheus.query('sum(rate(tributary_requests_shed_total[1h])) > 0'));
    for (let crowds = crowdsBefore; crowds <= Object.keys(SHARES).length && !(await rises()); crowds += 1) {
      await sendTooMany(authorization);
      await prometheus.scraped('tributary', 1);
    }
    expect(await rises()).toBe(true);
  }

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-monitoring-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'ca.pem'), createAuthority('shop').ca);
    writeFileSync(
      join(folder, 'manifest.json'),
      JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations: [] }),
    );
    redis = stack.use(await startBreakableRedis());
    const issuer = stack.use(await startIssuer());
    token = await issuer.mint();
    graph = stack.use(
      await startSmallGraph({
        services: SERVICES,
        env: { REDIS_URL: redis.url },
        config: `
authentication:
  issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }]
rateLimit: { enabled: true, tiers: { FREE: { points: 1000000 } }, fields: { Query.limited: { calls: 1, per: address } } }
persistedOperations: { safelist: audit, manifest: "${join(folder, 'manifest.json')}" }
traffic: { deadlineMs: 60000, deduplication: { calls: false, queries: false }, all: { timeoutMs: 60000, tls: { ca: "${join(folder, 'ca.pem')}" } } }
overload: { maxConcurrent: ${MAX_CONCURRENT} }
`,
      }),
    );
    const target = new URL(graph.router.adminUrl ?? '').host;
    prometheus = stack.use(
      await startPrometheus({
        program: program ?? '',
        targets: { tributary: target, 'tributary-gone': `127.0.0.1:${await freePort()}` },
        rules: join(OBSERVABILITY, 'alerts.yaml'),
      }),
    );
    await send(BOOKS, { authorization: `Bearer ${token}` });
    await prometheus.scraped('tributary', 1);
    // A counter has a rate from its second value on: each fault happens before two scrapes.
    await graph.services.get('reviews')?.[Symbol.asyncDispose]();
    await sendEverything();
    await prometheus.scraped('tributary', 1);
    await sendEverything();
    await graph.publish('subgraphs: { books: { schema: {} } }\n');
    await graph.router.reload();
    await graph.router.reconfigure(() => {
      throw new Error('router.yaml:1: limits: unknown key');
    });
    await prometheus.scraped('tributary', 1);
    await rejectTwiceWithOnePriority(`Bearer ${token}`, 2);
  });
  afterAll(() => stack.disposeAsync());

  it('returns data for each panel and annotation of the dashboards', async () => {
    const empty: string[] = [];
    for (const dashboard of readDashboards().values()) {
      const annotations = dashboard.annotations.list.map(({ name, expr }) => ({ title: name, expr }));
      const panels = panelsOf(dashboard).flatMap(({ title, targets }) =>
        targets.map(({ expr }) => ({ title, expr })),
      );
      for (const { title, expr } of [...panels, ...annotations])
        if (!hasData(await prometheus.query(filledIn(expr)))) empty.push(title);
    }
    expect(new Set(empty)).toEqual(new Set(Object.keys(WITHOUT_DATA)));
  });

  it('finds the cause of each alert, apart from its threshold and duration', async () => {
    await redis.kill();
    expect(
      await until(async () => hasData(await prometheus.query('tributary_redis_up == 0')), LIMIT_MS),
    ).toBe(true);
    let silent: string[] = [];
    // The router loads the invalid supergraph some time after its file has changed.
    await until(async () => {
      silent = [];
      for (const { alert, expr } of alertRules())
        if (!hasData(await prometheus.query(withoutThreshold(expr)))) silent.push(alert);
      return silent.length === WITHOUT_CAUSE.length;
    }, LIMIT_MS);
    expect(silent).toEqual(WITHOUT_CAUSE);
  });

  it('evaluates the rules: alerts with a cause that does not pass become active', async () => {
    const expected = [
      'TributaryBreakerOpen',
      'TributaryCertificateExpiring',
      'TributaryConfigurationRejected',
      'TributaryErrorShareHigh',
      'TributaryInternalErrors',
      'TributaryRouterDown',
      'TributarySubgraphDown',
      'TributarySupergraphRejected',
    ];
    const areActive = async () => {
      const active = await prometheus.alerts();
      return expected.every((alert) => active.has(alert));
    };
    expect(await until(areActive, LIMIT_MS)).toBe(true);
  });
});

function hasData(samples: readonly Sample[]): boolean {
  return samples.some(({ value }) => Number.isFinite(value));
}

/** Fills in the variables of a dashboard as Grafana does. */
function filledIn(expr: string): string {
  return overTheWholeTest(expr)
    .replaceAll('$__rate_interval', '1h')
    .replaceAll('"$job"', '"tributary"')
    .replaceAll(/"\$(?:instance|subgraph)"/g, '".*"');
}

/** Lowers the thresholds to zero: a test of a few seconds has too few events for the real one. */
function withoutThreshold(expr: string): string {
  return overTheWholeTest(expr).replaceAll(/> [\d.]+/g, '> 0');
}

/** Replaces each window: on a busy machine, the faults may be more than a minute ago. */
function overTheWholeTest(expr: string): string {
  return expr.replaceAll(/\[\d+m\]/g, '[1h]').replaceAll(/offset \d+m/g, 'offset 1h');
}
