import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { createSigner } from '../router/authentication/signature.ts';
import { buildGeneration, smokeTest } from '../router/build-generation.ts';
import type { Generation } from '../router/build-generation.ts';
import type { Config } from '../router/config/config-schema.ts';
import { createExecution } from '../router/operation/execute-operation.ts';
import { LocalBuckets } from '../router/rate-limit/local-buckets.ts';
import { TopConsumers } from '../router/rate-limit/top-consumers.ts';
import { BoundedTextCache } from '../router/shared/bounded-text-cache.ts';
import type { ConfiguredStages } from '../router/wiring/configured-stages.ts';
import { createConfiguredStages } from '../router/wiring/configured-stages.ts';
import { createPlanner } from '../router/planning/planner.ts';
import type { Planner } from '../router/planning/planner.ts';
import { scheduleTimer } from '../router/shared/schedule.ts';
import { createTimerQueue } from '../router/subgraph/call/timer-queue.ts';
import { createSubgraphPool } from '../router/subgraph/subgraph-pool.ts';
import { composeInThread } from '../router/supergraph/compose-in-thread.ts';
import { rejectionReasons } from '../router/supergraph/rejection.ts';
import type { Compose } from '../router/supergraph/sources/file-source.ts';
import { createSupergraphSources } from '../router/supergraph/sources/create-sources.ts';
import type {
  LoadedSupergraph,
  Supergraph,
  SupergraphSource,
  SupergraphSources,
} from '../router/supergraph/supergraph-source.ts';
import type { Telemetry } from '../router/telemetry/telemetry.ts';
import { createTelemetry } from '../router/telemetry/telemetry.ts';

/** The supergraph of a configuration, and what a router builds for it. Nothing listens. */
export type Trial = {
  readonly sdl: string;
  /** Hints of composition and warnings of the router. */
  readonly findings: readonly string[];
  readonly generation: Generation;
  readonly planner: Planner;
};

export type Rejected = { readonly kind: 'rejected'; readonly reasons: readonly string[] };

const PARTS = {
  monotonic: () => performance.now(),
  random: Math.random,
  randomBytes,
  schedule: scheduleTimer,
  now: Date.now,
};

/** Returns the supergraph sources of a configuration. The stored supergraph is neither read nor written. */
export function openSources(
  config: Config,
  { watch, compose = composeInThread }: { readonly watch: boolean; readonly compose?: Compose },
): SupergraphSources {
  return createSupergraphSources(
    { ...config.supergraph, watch, keepIn: undefined },
    { ...PARTS, env: process.env, compose },
  );
}

/**
 * Loads the supergraph, builds what a router with this configuration builds for it, and sends the smoke test
 * through it. Resolves to what `use` makes of it, or to the reasons why a router would not serve it.
 */
export async function tryRouter<Result>(
  config: Config,
  sources: SupergraphSources,
  use: (trial: Trial) => Promise<Result> | Result,
): Promise<Result | Rejected> {
  const composed = await loadPreferred(sources.list);
  if (composed.kind !== 'supergraph') return { kind: 'rejected', reasons: composed.reasons };
  const { sdl, findings, release } = composed;
  await using built = new AsyncDisposableStack();
  let trial: Trial;
  try {
    trial = await build({ sdl, contracts: release?.contracts ?? [] }, { config, findings, built });
  } catch (error) {
    return { kind: 'rejected', reasons: [...findings, ...rejectionReasons(error)] };
  }
  // Awaited here, because the parts of the trial are disposed when this function returns.
  return await use(trial);
}

/** Returns the supergraph of the first source that delivers one, or the reasons of all of them. */
async function loadPreferred(list: readonly SupergraphSource[]): Promise<LoadedSupergraph> {
  const reasons: string[] = [];
  for (const source of list) {
    const loaded = await source.load();
    if (loaded.kind === 'supergraph') return loaded;
    reasons.push(...loaded.reasons);
  }
  return { kind: 'rejected', reasons };
}

async function build(
  supergraph: Supergraph,
  {
    config,
    findings,
    built,
  }: {
    readonly config: Config;
    readonly findings: readonly string[];
    readonly built: AsyncDisposableStack;
  },
): Promise<Trial> {
  const warnings: string[] = [];
  const planners: Planner[] = [];
  const telemetry = {
    ...createTelemetry(config.telemetry, { destination: { write: () => undefined } }),
    supergraphServedDifferently: (event: { readonly warnings: readonly string[] }) =>
      void warnings.push(...event.warnings),
  };
  const subgraphPool = built.use(
    createSubgraphPool(config.traffic, {
      ...PARTS,
      telemetry,
      signer: createSigner(config.identity.keys, PARTS),
      startTimer: createTimerQueue(PARTS),
    }),
  );
  const generation = built.use(
    await buildGeneration(supergraph, config, {
      ...PARTS,
      telemetry,
      subgraphPool,
      group: 0,
      stages: stagesOf(config, telemetry),
      onFullHeap: () => ({ [Symbol.dispose]: () => undefined }),
      createPlanner: async (options) => {
        const planner = await createPlanner(options);
        planners.push(planner);
        return planner;
      },
    }),
  );
  await smokeTest(generation, undefined);
  const [planner] = planners;
  if (planner === undefined) throw new Error('bug: the generation has no planner');
  return { sdl: supergraph.sdl, findings: [...findings, ...warnings], generation, planner };
}

/** Creates the stages of requests, which check the rest of the configuration. */
function stagesOf(config: Config, telemetry: Telemetry): ConfiguredStages {
  return createConfiguredStages(config, {
    ...PARTS,
    telemetry,
    redis: undefined,
    shedding: { checkOperation: () => undefined, checkUnseen: () => undefined },
    queue: { makeRoom: () => undefined },
    topConsumers: new TopConsumers(PARTS.now),
    localBuckets: new LocalBuckets(PARTS.monotonic),
    sharedBuckets: undefined,
    staleTexts: new BoundedTextCache(config.degradation.staleMemoryBytes),
    createExecution,
  });
}
