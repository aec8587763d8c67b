import type { CountedGeneration } from '../rollout/active-canary.ts';
import type { Rollout } from '../rollout/rollout.ts';
import { rolloutSettingsSchema } from '../rollout/rollout-settings.ts';
import type { Leases } from './leases.ts';
import type { Release } from './registry/release.ts';
import { rejectionReasons } from './rejection.ts';
import { isSameSupergraph } from './supergraph-source.ts';
import type { LoadedSupergraph, Supergraph } from './supergraph-source.ts';

type Loaded = Extract<LoadedSupergraph, { kind: 'supergraph' }>;
type ReleasedCanary = NonNullable<Release['canary']>;

/** Properties of a running supergraph version (a generation) that the canary follower uses. */
export type FollowedGeneration = AsyncDisposable &
  CountedGeneration & {
    readonly graph: { readonly id: string };
    readonly supergraph: Supergraph;
    readonly group: number;
  };

/**
 * Begins, changes and ends the canary of this process, as the last signed release of the registry demands.
 * The canary is a second supergraph that serves only a share of the callers.
 */
export type CanaryFollower = {
  /**
   * Ends the canary, unless the registry's last release also names a canary or serves this canary's
   * supergraph to all callers.
   */
  readonly endUnlessContinued: (loaded: Loaded) => void;
  /**
   * Makes the canary current for all callers and returns true, if the supergraph of the canary is
   * `supergraph`.
   */
  readonly promote: (supergraph: Supergraph) => boolean;
  /**
   * Begins or changes the canary as the registry's last release demands. If the canary cannot be built, it is
   * rolled back. The promise never rejects.
   */
  readonly follow: (loaded: Loaded) => Promise<void>;
  /**
   * Builds the canary again with a changed configuration. Call this after the current supergraph was rebuilt.
   */
  readonly rebuild: () => Promise<void>;
};

export type CanaryFollowerParts<G> = {
  readonly leases: Leases<G>;
  readonly rollout: Rollout;
  /**
   * Builds a supergraph and sends it a test query. Two builds share circuit breakers and connections to
   * subgraphs only if they have the same `group`.
   */
  readonly build: (supergraph: Supergraph, group: number) => Promise<G>;
};

/** Creates the canary follower of a process, which has no canary yet. */
export function createCanaryFollower<G extends FollowedGeneration>({
  leases,
  rollout,
  build,
}: CanaryFollowerParts<G>): CanaryFollower {
  /**
   * Highest `group` with which a canary was built so far. The next canary gets a higher `group`, and
   * therefore circuit breakers of its own.
   */
  let lastGroup = 0;
  let release: Release | undefined;

  function isRunning(supergraph: Supergraph): boolean {
    const canary = leases.canary();
    return canary !== undefined && isSameSupergraph(supergraph, canary.supergraph);
  }

  async function follow({ release: loaded, canary }: Loaded): Promise<void> {
    release = loaded;
    const wanted = loaded?.canary;
    if (loaded === undefined || wanted === undefined || wanted === null) return;
    if (canary?.kind === 'rejected') return rejected(wanted, canary.reasons);
    if (canary?.kind !== 'supergraph' || rollout.isRolledBack(idOf(wanted))) return rollout.end();
    const supergraph = { sdl: canary.sdl, contracts: wanted.contracts ?? loaded.contracts };
    // Each start of a canary uses a new `group`, even for the same supergraph, so that its circuit breakers
    // are new and closed.
    if (isRunning(supergraph) || (await start(supergraph, wanted, lastGroup + 1))) compare(loaded, wanted);
  }

  async function start(supergraph: Supergraph, wanted: ReleasedCanary, group: number): Promise<boolean> {
    lastGroup = Math.max(lastGroup, group);
    try {
      const generation = await build(supergraph, group);
      // Discards the canary if another worker process rolled it back while this process was building it.
      if (rollout.isRolledBack(idOf(wanted))) {
        await generation[Symbol.asyncDispose]();
        return false;
      }
      leases.startCanary(generation);
      return true;
    } catch (error) {
      rejected(wanted, rejectionReasons(error));
      return false;
    }
  }

  function rejected(wanted: ReleasedCanary, reasons: readonly string[]): void {
    // Ends the canary that is still running, if any. The rejected canary was meant to replace it.
    rollout.end();
    rollout.rollBack(idOf(wanted), `the router cannot serve the canary: ${reasons.join('; ')}`);
  }

  function compare(loaded: Release, wanted: ReleasedCanary): void {
    const [canary, baseline] = [leases.canary(), leases.current()];
    if (canary === undefined || baseline === undefined) return;
    rollout.follow(canary.graph.id, {
      release: { ...wanted, ...idOf(wanted) },
      settings: loaded.rollout ?? rolloutSettingsSchema.parse({}),
      generations: { canary, baseline },
    });
  }

  return {
    endUnlessContinued(loaded) {
      const isContinued = loaded.release?.canary !== null && loaded.release?.canary !== undefined;
      if (isContinued || isRunning({ sdl: loaded.sdl, contracts: loaded.release?.contracts ?? [] })) return;
      rollout.end();
    },
    promote(supergraph) {
      if (!isRunning(supergraph)) return false;
      leases.promoteCanary();
      rollout.end();
      return true;
    },
    follow,
    async rebuild() {
      const before = leases.canary();
      const wanted = release?.canary;
      if (before === undefined || release === undefined || wanted === undefined || wanted === null) return;
      if (await start(before.supergraph, wanted, before.group)) compare(release, wanted);
    },
  };
}

function idOf({ launch, began = 0 }: ReleasedCanary): { readonly launch: number; readonly began: number } {
  return { launch, began };
}
