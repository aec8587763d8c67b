import { ConfigError } from '../config/yaml/read-yaml.ts';
import type { Payer } from '../request/caller.ts';
import type { ClientResponse } from '../request/client-request.ts';
import type { RollbackDecision, RolloutStatus } from '../rollout/rollout-report.ts';
import { createRollout } from '../rollout/rollout.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { versionOf } from '../apollo/describe-graph.ts';
import type { Graph } from '../apollo/describe-graph.ts';
import type { Schedule } from '../shared/schedule.ts';
import { messageOf } from '../shared/error-message.ts';
import { createCanaryFollower } from './canary-follower.ts';
import type { FollowedGeneration } from './canary-follower.ts';
import { createLeases } from './leases.ts';
import type { Lease } from './leases.ts';
import type { Release } from './registry/release.ts';
import { rejectionReasons } from './rejection.ts';
import { isSameSupergraph } from './supergraph-source.ts';
import type {
  LoadedSupergraph,
  Supergraph,
  SupergraphSource,
  SupergraphSources,
} from './supergraph-source.ts';
import { StatusRecord } from '../telemetry/supergraph-status.ts';
import type { ReleaseName, SupergraphStatus } from '../telemetry/supergraph-status.ts';

/**
 * The supergraph generations of this process. A generation is one version of the supergraph with everything
 * that was built for it. New requests use the current generation, requests in flight may use earlier ones.
 */
export type Generations<G> = AsyncDisposable & {
  /** Acquires the current version of the supergraph for use; returns undefined if there is none yet. */
  readonly acquireCurrent: () => Lease<G> | undefined;
  /**
   * Acquires the version of the supergraph that serves requests of this caller: the current one or, for a
   * share of the callers, the canary.
   */
  readonly acquire: (payer: Payer) => RequestLease<G> | undefined;
  /** State of the canary, for reports to the registry and to operators. */
  readonly rollout: () => RolloutStatus;
  /** Adds a function that is called each time this process decides to roll a canary back. */
  readonly onRollback: (listener: (decision: RollbackDecision) => void) => void;
  /** Ends a canary that another worker process has rolled back. */
  readonly rollBack: (decision: RollbackDecision) => void;
  readonly canary: () => G | undefined;
  /** Returns the supergraph that was replaced last; undefined if none is kept for a rollback. */
  readonly previous: () => G | undefined;
  readonly currentId: () => string | undefined;
  readonly status: () => SupergraphStatus;
  /**
   * Loads the supergraph again. If it has changed, the new version is built, tested with a query and
   * activated. Resolves after it is activated or rejected.
   */
  readonly reload: () => Promise<void>;
  /**
   * Builds the active supergraph and all later ones with another function `create`, for example for a changed
   * configuration. `activated` is called in the same turn of the event loop in which the new build becomes
   * active.
   * @throws {Error} if the supergraph cannot be built or fails its smoke test; the previous build and
   * function then stay in use
   */
  readonly rebuild: (create: Create<G>, activated: () => void) => Promise<void>;
  /**
   * Stops loading supergraphs from the sources. The active supergraph still serves requests until it is
   * disposed.
   */
  readonly stopFollowing: () => Promise<void>;
};

/** Keeps one version of the supergraph in use until the request that it serves has ended. */
export type RequestLease<G> = Lease<G> & {
  /**
   * Function that handles a request and counts its result, to compare the canary with the current supergraph.
   * It is absent if there is no canary.
   */
  readonly observe?: (handle: () => Promise<ClientResponse>) => Promise<ClientResponse>;
};

/**
 * Builds everything that serves a supergraph. Two builds share circuit breakers and connections to subgraphs
 * only if they have the same `group`.
 */
export type Create<G> = (supergraph: Supergraph, group: number) => Promise<G>;

type ValidSupergraph = Extract<LoadedSupergraph, { readonly kind: 'supergraph' }>;

/**
 * Version of a supergraph, and the registry release (signed statement of which supergraph to serve) that
 * names it; each is absent if it is not known.
 */
type NamedSupergraph = {
  readonly version?: string | undefined;
  readonly release?: ReleaseName | undefined;
};

export type GenerationsParts<G> = {
  readonly sources: SupergraphSources;
  readonly telemetry: Telemetry;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly schedule: Schedule;
  readonly create: Create<G>;
  /**
   * Called with everything that was built for a supergraph, each time another supergraph has become active.
   */
  readonly onActivated?: (generation: G) => void;
  /** Called each time the router has tried to load the supergraph from its sources. */
  readonly onLoaded?: () => void;
  /** Milliseconds for which a replaced supergraph is kept for a rollback. */
  readonly keepPreviousMs: number;
  /** Sends a smoke-test query through a new supergraph before clients use it; rejects if the query fails. */
  readonly smokeTest: (generation: G, previous: G | undefined) => Promise<void>;
  readonly canaries: {
    /**
     * Wraps a canary. An operation that the canary rejects counts as a failure of the canary if the
     * supergraph of all other callers (the baseline) accepts the operation. `baseline` returns undefined
     * unless the canary is running.
     */
    readonly watch: (canary: G, baseline: () => G | undefined) => G;
    /**
     * Returns whether an error is the canary's rejection of an operation that the supergraph of all other
     * callers accepts.
     */
    readonly isRejectedOperation: (error: unknown) => boolean;
  };
};

/**
 * Milliseconds after the start within which a source must deliver a supergraph. After that the router serves
 * the supergraph that it has stored on disk.
 */
const START_LIMIT_MS = 2_000;

/**
 * Serves one supergraph at a time, from the most preferred source that delivers a valid one. A changed
 * supergraph is used for new requests at once, unless it is rejected. Once the router serves a supergraph, it
 * never goes back to a less preferred source, which may deliver an older one.
 * @throws {ConfigError} if the configuration names something that the first supergraph does not have.
 */
export async function createGenerations<G extends FollowedGeneration & { readonly graph: Graph }>(
  parts: GenerationsParts<G>,
): Promise<Generations<G>> {
  const { sources, telemetry } = parts;
  const { list, stored } = sources;
  const record = new StatusRecord(parts, list);
  const leases = createLeases<G>({
    ...parts,
    onCloseFailed: (error) => telemetry.log.error({ err: error }, 'closing a replaced supergraph failed'),
    // Replaced supergraphs are kept for a rollback only if a registry is configured, because other sources do
    // not roll back.
    keepMs: list.some(({ kind }) => kind === 'registry') ? parts.keepPreviousMs : 0,
  });
  const rollout = createRollout({
    ...parts,
    stop: leases.stopCanary,
    isRejectedOperation: parts.canaries.isRejectedOperation,
  });
  const canaries = createCanaryFollower<G>({ leases, rollout, build: buildCanary });
  /** Source of the active supergraph. Less preferred sources are no longer loaded. */
  let followed: SupergraphSource | undefined;
  /**
   * Registry release (signed statement of which supergraph to serve) that is stored on disk with the
   * supergraph. A new release is stored even if it names the same supergraph.
   */
  let keptRelease: string | undefined;
  let startLimit: Promise<void> | undefined;
  let reloads: Promise<void> = Promise.resolve();
  let { create } = parts;
  /** First error, during the start, of a source whose supergraph does not fit the configuration. */
  let configError: ConfigError | undefined;
  let isStarting = true;
  let closed = false;

  async function load(): Promise<void> {
    if (closed) return;
    const sourcesToLoad = candidates();
    // Loading has a time limit while the router starts. All sources therefore begin to load at the same time,
    // so that a slow source does not use up the time of the others.
    const early = new Map(
      startLimit === undefined ? [] : sourcesToLoad.map((source) => [source, source.load()]),
    );
    for (const source of sourcesToLoad) {
      const loaded = await loadUntilStartLimit(source, early.get(source) ?? source.load());
      // If the router is closing, the loaded supergraph is ignored, and an error of the aborted load is not
      // logged.
      if (closed) return;
      if (await follow(source, loaded)) return;
    }
  }

  /**
   * Returns the sources to load from: the source of the active supergraph, and all more preferred sources.
   */
  function candidates(): readonly SupergraphSource[] {
    const all = stored === undefined ? list : [...list, stored];
    if (followed === undefined) return all;
    return followed === stored ? list : list.slice(0, list.indexOf(followed) + 1);
  }

  /**
   * Waits for a source to load. While the router starts, there is a time limit, so that a slow source does
   * not keep the router from serving the supergraph that is stored on disk.
   */
  async function loadUntilStartLimit(
    source: SupergraphSource,
    loading: Promise<LoadedSupergraph>,
  ): Promise<LoadedSupergraph> {
    if (startLimit === undefined || source === stored) return loading;
    const loaded = await Promise.race([loading, startLimit]);
    if (loaded !== undefined) return loaded;
    void loading.then(reload);
    return { kind: 'unavailable', reasons: [`${source.name}: no supergraph within ${START_LIMIT_MS} ms`] };
  }

  /**
   * Activates the supergraph that a source has delivered, if it differs from the active one. Returns whether
   * the router now serves a supergraph from this source.
   */
  async function follow(source: SupergraphSource, loaded: LoadedSupergraph): Promise<boolean> {
    if (loaded.kind === 'unavailable') return unavailable(source, loaded.reasons);
    const release = releaseName(loaded.release);
    available(source);
    if (loaded.kind === 'rejected') return reject(source, loaded.reasons, { release });
    const previous = leases.current();
    const supergraph = { sdl: loaded.sdl, contracts: loaded.release?.contracts ?? [] };
    canaries.endUnlessContinued(loaded);
    if (previous !== undefined && isSameSupergraph(supergraph, previous.supergraph)) {
      if (source !== followed || loaded.signed?.jws !== keptRelease) await keep(loaded, source);
      restore(source, previous.graph.id, release);
    } else {
      const started = parts.monotonic();
      try {
        if (!canaries.promote(supergraph) && !reactivate(supergraph))
          leases.activate(await build(supergraph, leases.current()?.group ?? 0));
      } catch (error) {
        if (error instanceof ConfigError && isStarting && source !== stored) configError ??= error;
        return reject(source, rejectionReasons(error), { version: versionOf(loaded.sdl), release });
      }
      activated(source, { version: versionOf(loaded.sdl), release, ms: parts.monotonic() - started });
      await keep(loaded, source);
    }
    followed = source;
    await canaries.follow(loaded);
    return true;
  }

  /** If the supergraph that is kept for a rollback equals the given one, activates it and returns true. */
  function reactivate(supergraph: Supergraph): boolean {
    return leases.reactivate((generation) => isSameSupergraph(supergraph, generation.supergraph));
  }

  function activated(
    source: SupergraphSource,
    { version, release, ms }: NamedSupergraph & { readonly version: string; readonly ms: number },
  ): void {
    record.activated(version, source, release);
    const current = leases.current();
    if (current !== undefined) parts.onActivated?.(current);
    telemetry.supergraphSwapped({ generation: version, source: source.name, ms, ...namesOf(release) });
    if (source === stored) telemetry.storedSupergraphServed({ source: source.name, generation: version });
  }

  function reject(source: SupergraphSource, reasons: readonly string[], named: NamedSupergraph = {}): false {
    const isNew = record.rejected(source, reasons, named);
    const event = {
      source: source.name,
      reasons,
      rejected: named.version,
      serving: record.serving,
      ...namesOf(named.release),
    };
    telemetry.supergraphRejected(event, isNew);
    return false;
  }

  function restore(source: SupergraphSource, version: string, release: ReleaseName | undefined): void {
    if (record.followed(source, release))
      telemetry.supergraphRestored({ source: source.name, generation: version });
  }

  function unavailable(source: SupergraphSource, reasons: readonly string[]): false {
    const isNew = record.unavailable(source, reasons);
    if (isNew && source !== stored)
      telemetry.supergraphSourceUnavailable({ source: source.name, reasons, serving: record.serving });
    return false;
  }

  function available(source: SupergraphSource): void {
    if (record.delivered(source)) telemetry.supergraphSourceAvailable({ source: source.name });
  }

  async function keep(loaded: ValidSupergraph, source: SupergraphSource): Promise<void> {
    keptRelease = loaded.signed?.jws;
    if (stored === undefined || source === stored) return;
    await stored.save(loaded, source.name).catch((error: unknown) => {
      telemetry.supergraphNotStored({ file: stored.name, reason: messageOf(error) });
    });
  }

  async function buildCanary(supergraph: Supergraph, group: number): Promise<G> {
    const canary = await build(supergraph, group);
    const watched: G = parts.canaries.watch(canary, () =>
      leases.canary() === watched ? leases.current() : undefined,
    );
    return watched;
  }

  async function build(supergraph: Supergraph, group: number, createOne = create): Promise<G> {
    const generation = await createOne(supergraph, group);
    try {
      await parts.smokeTest(generation, leases.current());
      return generation;
    } catch (error) {
      await generation[Symbol.asyncDispose]();
      throw error;
    }
  }

  // Loads the supergraph again, after any earlier load has ended. Otherwise two changes in quick succession
  // could become active in the wrong order.
  function reload(): Promise<void> {
    reloads = reloads.then(load).then(() => parts.onLoaded?.());
    return reloads;
  }

  function rebuild(next: Create<G>, activated: () => void): Promise<void> {
    const rebuilt = reloads.then(async () => {
      const current = leases.current();
      if (closed) return;
      if (current !== undefined) leases.activate(await build(current.supergraph, current.group, next));
      // The supergraph kept for a rollback was built with the previous configuration, so it must not be
      // activated again.
      leases.forget();
      create = next;
      activated();
      await canaries.rebuild();
    });
    reloads = rebuilt.catch(() => undefined);
    return rebuilt;
  }

  let stopping: Promise<void> | undefined;
  function stopFollowing(): Promise<void> {
    closed = true;
    stopping ??= Promise.resolve(sources[Symbol.asyncDispose]());
    return stopping;
  }

  async function start(): Promise<void> {
    const expired = Promise.withResolvers<void>();
    using _ = stored && parts.schedule(() => expired.resolve(), START_LIMIT_MS);
    startLimit = stored && expired.promise;
    await reload();
    startLimit = undefined;
    // If no source has a supergraph that fits the configuration, the router does not start, so that the
    // operator notices and corrects the configuration.
    if (configError !== undefined && leases.current() === undefined) throw configError;
  }

  function acquire(payer: Payer): RequestLease<G> | undefined {
    const canary = rollout.active();
    if (canary === undefined) return leases.acquire();
    const side = canary.sideOf(payer);
    const lease = side === 'canary' ? leases.acquireCanary() : leases.acquire();
    return lease && { ...lease, observe: (handle) => canary.observe(side, handle) };
  }

  sources.onChange(reload);
  try {
    await start();
  } catch (error) {
    await sources[Symbol.asyncDispose]();
    throw error;
  }
  isStarting = false;
  return {
    acquireCurrent: leases.acquire,
    acquire,
    rollout: rollout.status,
    onRollback: rollout.onRollback,
    rollBack: (decision) => rollout.rollBack(decision, decision.reason),
    canary: leases.canary,
    previous: leases.previous,
    reload,
    rebuild,
    currentId: () => leases.current()?.graph.id,
    status: () => record.status(),
    stopFollowing,
    async [Symbol.asyncDispose]() {
      await stopFollowing();
      await reloads;
      await leases[Symbol.asyncDispose]();
    },
  };
}

function releaseName(release: Release | undefined): ReleaseName | undefined {
  if (release === undefined) return undefined;
  const { graph, variant, sequence, serving } = release;
  return { graph: `${graph}@${variant}`, sequence, launch: serving.launch };
}

/** Returns the fields by which a log line identifies a release of the registry. */
function namesOf(release: ReleaseName | undefined): Partial<Omit<ReleaseName, 'graph'>> {
  return release === undefined ? {} : { sequence: release.sequence, launch: release.launch };
}
