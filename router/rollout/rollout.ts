import type { Telemetry } from '../telemetry/telemetry.ts';
import { ActiveCanary } from './active-canary.ts';
import type { ActiveCanaryParts, CanaryComparison } from './active-canary.ts';
import type { CanaryRelease, RollbackDecision, RolloutStatus } from './rollout-report.ts';

/** The canary of this process, and the canaries that it has rolled back. */
export type Rollout = {
  readonly active: () => ActiveCanary | undefined;
  /**
   * Returns whether this canary was rolled back. If the same supergraph becomes a canary again later, that
   * counts as another canary.
   */
  readonly isRolledBack: (canary: Pick<CanaryRelease, 'launch' | 'began'>) => boolean;
  /** Begins a canary, or changes the share and settings of the active one. */
  readonly follow: (version: string, comparison: CanaryComparison) => void;
  /** Ends the canary without a rollback decision, because the registry has ended it. */
  readonly end: () => void;
  /** Rolls back a canary. Its supergraph becomes a canary again only if the registry begins a new one. */
  readonly rollBack: (canary: Pick<CanaryRelease, 'launch' | 'began'>, reason: string) => void;
  /** Adds a function that receives each rollback that this process decides. */
  readonly onRollback: (listener: (decision: RollbackDecision) => void) => void;
  readonly status: () => RolloutStatus;
};

export type RolloutParts = Omit<ActiveCanaryParts, 'onWorse'> & {
  readonly telemetry: Pick<Telemetry, 'canaryStarted' | 'canaryRolledBack'>;
  /**
   * Stops sending requests to the canary. Called at once when a rollback is decided, in the same turn of the
   * event loop.
   */
  readonly stop: () => void;
};

type Active = { readonly canary: ActiveCanary; readonly version: string; readonly since: string };

/** Creates the rollout state of a process, which has no canary at first. */
export function createRollout(parts: RolloutParts): Rollout {
  /**
   * The launches (published supergraphs) that were rolled back. The key is the launch number, the value is
   * `began` of the launch's last canary. A canary of the same launch with a higher `began` is a new one,
   * which was not rolled back.
   */
  const rolledBack = new Map<number, number>();
  const listeners: ((decision: RollbackDecision) => void)[] = [];
  let active: Active | undefined;
  let decision: RollbackDecision | null = null;

  function begin(version: string, comparison: CanaryComparison): void {
    const { release } = comparison;
    const canary = new ActiveCanary(comparison, {
      ...parts,
      onWorse: (reason) => rollBack(release, reason),
    });
    active = { canary, version, since: new Date(parts.now()).toISOString() };
    decision = null;
    parts.telemetry.canaryStarted({
      launch: release.launch,
      percent: release.percent,
      generation: version,
    });
  }

  function rollBack({ launch, began }: Pick<CanaryRelease, 'launch' | 'began'>, reason: string): void {
    if (isRolledBack({ launch, began })) return;
    rolledBack.set(launch, began);
    if (active?.canary.release.launch === launch) {
      active = undefined;
      parts.stop();
    }
    decision = { kind: 'rollback', launch, began, reason };
    parts.telemetry.canaryRolledBack({ launch, reason });
    for (const listener of listeners) listener(decision);
  }

  function isRolledBack({ launch, began }: Pick<CanaryRelease, 'launch' | 'began'>): boolean {
    const last = rolledBack.get(launch);
    return last !== undefined && began <= last;
  }

  return {
    active: () => active?.canary,
    isRolledBack,
    follow(version, comparison) {
      const { launch, began } = comparison.release;
      const current = active?.canary.release;
      if (active !== undefined && current?.launch === launch && current.began === began)
        active.canary.update(comparison);
      else begin(version, comparison);
    },
    end() {
      active = undefined;
      parts.stop();
    },
    rollBack,
    onRollback: (listener) => void listeners.push(listener),
    status: () => ({
      canary:
        active === undefined
          ? null
          : { ...active.canary.release, version: active.version, since: active.since },
      canaryStats: active?.canary.stats() ?? null,
      decision,
    }),
  };
}
