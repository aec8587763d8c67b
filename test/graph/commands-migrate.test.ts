import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { migrateApolloConfig } from '../../cli/migrate/migrate-config.ts';
import { parseConfig } from '../../router/config/config.ts';
import { createAuthority, writePem } from '../support/servers/certificates.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';

const root = join(import.meta.dirname, '..', '..');
const apollo = join(root, 'test', 'support', 'configurations', 'apollo-router.yaml');
const folder = mkdtempSync(join(tmpdir(), 'tributary-migrate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function migrate(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'cli/main.ts'), 'migrate', ...args],
    {
      encoding: 'utf8',
      cwd: folder,
    },
  );
  return { status, stdout, stderr: stderr.replaceAll(apollo, 'apollo-router.yaml') };
}

function valid(text: string) {
  const env = { REDIS_URL: 'redis://redis:6379' };
  return parseConfig(text, { env, fileName: 'router.yaml', directory: folder });
}

describe('tributary migrate', () => {
  it('prints a valid router.yaml, and lists what it cannot translate with its line', () => {
    const { status, stdout, stderr } = migrate(apollo);
    expect(status).toBe(0);
    const config = valid(stdout);
    expect(config).toMatchObject({
      listen: { host: '0.0.0.0', port: 4000, path: '/graphql' },
      health: { host: '0.0.0.0', port: 8088 },
      admin: { host: '0.0.0.0', port: 9090 },
      supergraph: { introspection: false, warmOperations: 200 },
      planning: { cacheEntries: 1024 },
      cors: { origins: ['https://shop.example', 'https://*.shop.example'], credentials: true, maxAgeS: 7200 },
      csrf: { requiredHeaders: ['x-shop-client', 'apollo-require-preflight'] },
      limits: { bodyBytes: 1_000_000, depth: 20, aliases: 50, rootFields: 10, tokens: 5000 },
      traffic: {
        deadlineMs: 20_000,
        all: {
          timeoutMs: 5000,
          tls: { ca: '/etc/ssl/shop-ca.pem', cert: '/etc/ssl/router.pem', key: '/etc/ssl/router-key.pem' },
        },
        subgraphs: { inventory: { timeoutMs: 1500 }, product: { urls: ['http://product:4002/graphql'] } },
      },
      headers: {
        request: [{ propagate: { matching: '^x-shop-.*' } }, { remove: { named: 'x-shop-debug' } }],
        subgraphs: { shipping: { request: [{ insert: { name: 'x-api-version', value: '2' } }] } },
      },
      response: { subgraphErrorMessages: 'mask' },
      authentication: {
        issuers: [
          { issuer: 'https://login.shop.example', audience: 'graph', algorithms: ['RS256', 'ES256'] },
        ],
        keysRefreshMs: 120_000,
      },
      authorization: { mode: 'reject' },
      persistedOperations: {
        safelist: 'audit',
        manifest: join(folder, 'manifests/web.json'),
        automatic: { ttlS: 86_400 },
      },
      redis: { url: 'redis://redis:6379' },
      rateLimit: { enabled: false, mode: 'measure', maxCost: 5000, defaultListSize: 20 },
      telemetry: {
        otlpEndpoint: 'http://otel-collector:4318',
        serviceName: 'shop-router',
        logFormat: 'json',
      },
    });
    expect(stderr.split('\n').map((line) => line.replace(/(: (?:not translated|check)): .*/, '$1'))).toEqual([
      'apollo-router.yaml:6: supergraph.defer_support: not translated',
      'apollo-router.yaml:30: cors.policies.0.match_origins.1: not translated',
      'apollo-router.yaml:42: limits.max_height: not translated',
      'apollo-router.yaml:51: traffic_shaping.all.compression: not translated',
      'apollo-router.yaml:64: headers.all.request.1: not translated',
      'apollo-router.yaml:74: headers.subgraphs.shipping.request.1: not translated',
      'apollo-router.yaml:92: authentication.router.jwt.jwks.1: not translated',
      'apollo-router.yaml:115: demand_control.enabled: not translated',
      'apollo-router.yaml:140: telemetry.exporters.tracing.common.sampler: not translated',
      'apollo-router.yaml:149: coprocessor: not translated',
      'apollo-router.yaml:154: rhai: not translated',
      'apollo-router.yaml:156: subscription: not translated',
      'apollo-router.yaml:15: health_check.path: check',
      'apollo-router.yaml:85: authentication.router.jwt.jwks.0: check',
      '12 not translated, 2 to check',
      '',
    ]);
  });

  it('writes what tributary validate accepts with the supergraph and the files that it names', async () => {
    const authority = createAuthority('shop');
    const { cert, key } = authority.issue('router');
    await writePem(folder, { 'shop-ca': authority.ca, router: cert, 'router-key': key });
    mkdirSync(join(folder, 'manifests'));
    const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations: [] };
    writeFileSync(join(folder, 'manifests', 'web.json'), JSON.stringify(manifest));
    const source = join(folder, 'apollo.yaml');
    writeFileSync(source, readFileSync(apollo, 'utf8').replaceAll('/etc/ssl', folder));
    expect(migrate(source, '--output', 'migrated.yaml').status).toBe(0);
    const validated = spawnSync(
      process.execPath,
      [join(root, 'cli/main.ts'), 'validate', '--config', 'migrated.yaml'],
      {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, REDIS_URL: 'redis://redis:6379', SUPERGRAPH: join(root, 'supergraph.yaml') },
      },
    );
    expect(validated).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^valid: supergraph \w+\n$/),
    });
  });

  it('writes the configuration to a file, and gives the same as JSON', () => {
    const output = join(folder, 'router.yaml');
    const written = migrate(apollo, '--output', output);
    expect(written).toMatchObject({ status: 0, stdout: '' });
    expect(written.stderr).toContain(`configuration written to ${output}: 12 not translated, 2 to check`);
    const remarks = z.array(z.object({ line: z.number(), key: z.string(), text: z.string() }));
    const { data } = z
      .object({ data: z.object({ configuration: z.string(), not_translated: remarks, notes: remarks }) })
      .parse(JSON.parse(migrate(apollo, '--format', 'json').stdout));
    expect(data.configuration).toBe(readFileSync(output, 'utf8'));
    expect([data.not_translated.length, data.notes.length]).toEqual([12, 2]);
  });

  it('fails for a file that is missing or not YAML, and explains a call without a file', () => {
    writeFileSync(join(folder, 'broken.yaml'), 'supergraph: [');
    expect(migrate('missing.yaml')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('file not found: missing.yaml'),
    });
    expect(migrate('broken.yaml')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('broken.yaml:1: '),
    });
    expect(migrate()).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('migrate') });
    expect(migrate(apollo, '--output', join(folder, 'absent', 'router.yaml'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--output: cannot write'),
    });
  });

  it('keeps the path, the limits and the timeouts that clients of Apollo Router rely on', async () => {
    const { configuration } = migrateApolloConfig('{}', 'router.yaml');
    expect(parse(configuration)).toEqual({
      listen: { path: '/' },
      supergraph: { introspection: false },
      health: { port: 8088 },
      traffic: { deadlineMs: 30_000, all: { timeoutMs: 30_000 } },
      response: { subgraphErrorMessages: 'mask' },
      limits: { bodyBytes: 2_000_000, tokens: 15_000 },
    });
    await using graph = await startSmallGraph({
      services: LIBRARY,
      config: configuration,
      env: { HEALTH_PORT: '0' },
    });
    expect(new URL(graph.router.url).pathname).toBe('/');
    expect(await graph.query('{ books { title } }')).toMatchObject({ data: { books: expect.any(Array) } });
    expect(await graph.query('{ __schema { description } }')).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });
});
