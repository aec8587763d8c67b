import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';
import type { configSchema } from '../../router/config/config-schema.ts';
import { V8_FLAGS } from '../../router/process/v8-flags.ts';
import type { Target, BenchEnvironment } from './target.ts';
import { startGateway } from './gateway-process.ts';
import { startRedis } from './redis.ts';
import { routerProgram } from './router-package.ts';

type RouterYaml = z.input<typeof configSchema>;
type Deduplication = { readonly calls: boolean; readonly queries: boolean };
type Transport = { readonly transport?: 'undici'; readonly pipelining?: number };

/** More than any workload uses: limits are evaluated and never reached. */
const UNREACHED = { points: 100_000_000, windowS: 1 };

export const tributaryTargets: readonly Target[] = [
  tributary('tributary', { calls: false, queries: false }),
  tributary('tributary-undici', { calls: false, queries: false }, { transport: 'undici' }),
  tributary('tributary-pipelined', { calls: false, queries: false }, { pipelining: 16 }),
  tributary('tributary-calls', { calls: true, queries: false }),
  tributary('tributary-shared', { calls: true, queries: true }),
  {
    name: 'tributary-full',
    start: startFull,
  },
];

function tributary(name: string, deduplication: Deduplication, transport?: Transport): Target {
  return {
    name,
    start: (environment) =>
      startGateway(name, environment, (port) => ({
        ...router(name, environment, { ...basics(environment, port), ...traffic(deduplication, transport) }),
      })),
  };
}

async function startFull(environment: BenchEnvironment) {
  const name = 'tributary-full';
  await using starting = new AsyncDisposableStack();
  const redis = starting.use(await startRedis(environment));
  const gateway = await startGateway(name, environment, (port) => ({
    ...router(name, environment, {
      ...basics(environment, port),
      ...traffic({ calls: true, queries: true }),
      telemetry: { logLevel: 'info' },
      redis: { url: redis.url },
      authentication: {
        issuers: [
          { issuer: environment.issuer.url, audience: 'tributary', jwksUrl: environment.issuer.jwksUrl },
        ],
      },
      identity: { keys: [{ id: 'bench', secret: 'a secret of the benchmark, long enough' }] },
      rateLimit: {
        enabled: true,
        tiers: { FREE: UNREACHED },
        anonymous: UNREACHED,
        perAddress: UNREACHED,
        maxCost: UNREACHED.points,
      },
    }),
    output: 'ignore',
    tokens: environment.issuer.tokens,
  }));
  starting.use(gateway);
  const running = starting.move();
  return {
    ...gateway,
    redisCommands: redis.commands,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function basics({ supergraphFile }: BenchEnvironment, port: number): RouterYaml {
  return {
    mode: 'production',
    // The load keeps its connections open.
    listen: { port, maxRequestsPerConnection: 0 },
    admin: { port: 0 },
    supergraph: { file: supergraphFile, watch: false },
    telemetry: { logLevel: 'warn' },
    // A closed loop saturates the router intentionally.
    overload: { enabled: false },
    shutdown: { lameDuckMs: 0 },
  };
}

// 500 concurrent clients need several calls of one subgraph each; the other targets have no such limit.
function traffic(deduplication: Deduplication, transport: Transport = {}): RouterYaml {
  return {
    traffic: {
      deduplication,
      deadlineMs: 60_000,
      all: { timeoutMs: 60_000, maxConcurrent: 10_000, connections: 512, ...transport },
    },
  };
}

function router(name: string, { folder, nodeFlags }: BenchEnvironment, yaml: RouterYaml) {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, JSON.stringify(yaml, undefined, 2));
  return {
    command: [
      process.execPath,
      ...V8_FLAGS,
      `--import=${pathToFileURL(join(import.meta.dirname, 'report-allocation.ts')).href}`,
      ...nodeFlags,
      routerProgram(),
      'serve',
    ] as const,
    // Overrides settings of the shop that this machine may have in its environment.
    env: {
      NODE_ENV: 'production',
      // As the launcher sets it.
      MALLOC_ARENA_MAX: '2',
      ROUTER_CONFIG: file,
      PORT: '',
      HOST: '',
      ADMIN_PORT: '',
      SUPERGRAPH: '',
      REDIS_URL: '',
      LOG_LEVEL: '',
      IDENTITY_KEYS: '',
      OTEL_EXPORTER_OTLP_ENDPOINT: '',
    },
  };
}
