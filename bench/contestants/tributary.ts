import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import type { configSchema } from '../../router/config/config-schema.ts';
import { V8_FLAGS } from '../../router/v8-flags.ts';
import type { Contestant, Stage } from './contestant.ts';
import { startGateway } from './gateway-process.ts';
import { startRedis } from './redis.ts';

type RouterYaml = z.input<typeof configSchema>;
type Sharing = { readonly calls: boolean; readonly queries: boolean };

const root = join(import.meta.dirname, '..', '..');
/** More than any workload uses: limits are looked at, and never reached. */
const UNREACHED = { points: 100_000_000, windowS: 1 };

export const tributaryContestants: readonly Contestant[] = [
  tributary('tributary', 'nothing shared between requests', { calls: false, queries: false }),
  tributary('tributary-calls', 'equal subgraph calls in flight are shared', { calls: true, queries: false }),
  tributary('tributary-shared', 'equal queries in flight are shared, too', { calls: true, queries: true }),
  {
    name: 'tributary-full',
    what: 'as `tributary-shared`, with JWT (500 users), limits in Redis, signed calls, metrics and a log line for each request',
    start: startFull,
  },
];

function tributary(name: string, what: string, sharing: Sharing): Contestant {
  return {
    name,
    what,
    start: (stage) =>
      startGateway(name, stage, (port) => ({
        ...router(name, stage, { ...basics(stage, port), ...traffic(sharing) }),
      })),
  };
}

async function startFull(stage: Stage) {
  const name = 'tributary-full';
  const redis = await startRedis(stage);
  const gateway = await startGateway(name, stage, (port) => ({
    ...router(name, stage, {
      ...basics(stage, port),
      ...traffic({ calls: true, queries: true }),
      telemetry: { logLevel: 'info' },
      redis: { url: redis.url },
      authentication: {
        issuers: [{ issuer: stage.issuer.url, audience: 'tributary', jwksUrl: stage.issuer.jwksUrl }],
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
    tokens: stage.issuer.tokens,
  })).catch(async (error: unknown) => {
    await redis[Symbol.asyncDispose]();
    throw error;
  });
  return {
    ...gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

function basics({ supergraphFile }: Stage, port: number): RouterYaml {
  return {
    mode: 'production',
    // As long as the load has its connections.
    listen: { port, maxRequestsPerConnection: 0 },
    admin: { port: 0 },
    supergraph: { file: supergraphFile, watch: false },
    telemetry: { logLevel: 'warn' },
    // A closed loop asks for all there is, on purpose.
    overload: { enabled: false },
    shutdown: { lameDuckMs: 0 },
  };
}

// 500 clients ask at once here, each for several calls of one subgraph; the other contestants know no bound either.
function traffic(sharing: Sharing): RouterYaml {
  return {
    traffic: {
      sharing,
      deadlineMs: 60_000,
      all: { timeoutMs: 60_000, maxConcurrent: 10_000, connections: 512 },
    },
  };
}

function router(name: string, { folder, nodeFlags }: Stage, yaml: RouterYaml) {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, JSON.stringify(yaml, undefined, 2));
  return {
    command: [process.execPath, ...V8_FLAGS, ...nodeFlags, join(root, 'router', 'main.ts')] as const,
    // Settings of the shop that this machine may have in its environment are not the contestant's.
    env: {
      NODE_ENV: 'production',
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
