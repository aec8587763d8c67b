import type { RolloutSettings } from '../../checks/canary.ts';

/** The launches that routers of a variant serve. */
export type RolloutState = {
  readonly serving: number;
  readonly canary: CanaryState | null;
};

export type CanaryState = {
  readonly launch: number;
  /** Share of callers in percent. */
  readonly percent: number;
  readonly state: 'running' | 'paused';
  /** Sequence of the release with which it began. */
  readonly began: number;
};

/** A canary in the next release. `began` is null if that release begins it. */
type NextCanary = Omit<CanaryState, 'began'> & { readonly began: number | null };

/** New status of a launch. */
export type StatusChange = {
  readonly launch: number;
  readonly status: 'CANARY' | 'PAUSED' | 'SERVING' | 'SUPERSEDED' | 'ROLLED_BACK';
};

/** The next release, and the new status of the launches concerned. */
export type RolloutChange = {
  readonly serving: number;
  readonly canary: NextCanary | null;
  readonly rollback: boolean;
  readonly reason: string;
  /**
   * Launch whose subgraph versions become current; null if they stay. Without it, the next publish of any
   * team would serve the reverted change again.
   */
  readonly subgraphsOf: number | null;
  readonly statuses: readonly StatusChange[];
};

type Canary = { readonly serving: number; readonly canary: CanaryState };

/**
 * Serves a new launch, or begins it as a canary. A canary that is still running is superseded: the new launch
 * has its changes too, because it is composed of the latest version of each subgraph.
 */
export function publishLaunch(
  state: RolloutState | undefined,
  {
    launch,
    cause,
    settings,
  }: { readonly launch: number; readonly cause: string; readonly settings: RolloutSettings },
): RolloutChange {
  const superseded = state?.canary === null || state === undefined ? [] : [supersede(state.canary.launch)];
  if (state !== undefined && settings.strategy === 'canary')
    return {
      serving: state.serving,
      canary: { launch, percent: firstStep(settings), state: 'running', began: null },
      rollback: false,
      reason: cause,
      subgraphsOf: null,
      statuses: [...superseded, { launch, status: 'CANARY' }],
    };
  const replaced = state === undefined ? [] : [supersede(state.serving)];
  return {
    serving: launch,
    canary: null,
    rollback: false,
    reason: cause,
    subgraphsOf: null,
    statuses: [...superseded, ...replaced, { launch, status: 'SERVING' }],
  };
}

/** Gives the canary the next share of callers; after the last step all callers. */
export function advance(state: Canary, settings: RolloutSettings, reason: string): RolloutChange {
  const { serving, canary } = state;
  const percent = settings.steps.find((step) => step > canary.percent);
  if (percent === undefined) return promote(state, reason);
  return {
    serving,
    canary: { ...canary, percent },
    rollback: false,
    reason: `launch ${canary.launch} goes on to ${percent} % of the callers: ${reason}`,
    subgraphsOf: null,
    statuses: [],
  };
}

/** Makes all callers use the canary. */
export function promote({ serving, canary }: Canary, reason: string): RolloutChange {
  return {
    serving: canary.launch,
    canary: null,
    rollback: false,
    reason: `launch ${canary.launch} is promoted: ${reason}`,
    subgraphsOf: null,
    statuses: [supersede(serving), { launch: canary.launch, status: 'SERVING' }],
  };
}

/** Makes all callers use another launch than the one of the canary. The canary ends. */
export function serve(state: RolloutState, launch: number, reason: string): RolloutChange {
  return replaceServing(state, { launch, reason, status: 'SUPERSEDED', rollback: launch < state.serving });
}

/** Ends the canary: all callers use what most of them use already. */
export function endCanary({ serving, canary }: Canary, reason: string): RolloutChange {
  return {
    serving,
    canary: null,
    rollback: true,
    reason: `launch ${canary.launch} is rolled back: ${reason}`,
    subgraphsOf: serving,
    statuses: [{ launch: canary.launch, status: 'ROLLED_BACK' }],
  };
}

/** Makes all callers use an earlier launch again. A canary ends, as it was compared with the served one. */
export function rollBackTo(state: RolloutState, launch: number, reason: string): RolloutChange {
  return replaceServing(state, {
    launch,
    reason: `launch ${state.serving} is rolled back to ${launch}: ${reason}`,
    status: 'ROLLED_BACK',
    rollback: true,
  });
}

/** Keeps the share of callers of a canary until it is resumed. Routers still roll it back if it is worse. */
export function pause({ serving, canary }: Canary, reason: string): RolloutChange {
  return {
    serving,
    canary: { ...canary, state: 'paused' },
    rollback: false,
    reason,
    subgraphsOf: null,
    statuses: [{ launch: canary.launch, status: 'PAUSED' }],
  };
}

/** Lets a paused canary go on. */
export function resume({ serving, canary }: Canary, reason: string): RolloutChange {
  return {
    serving,
    canary: { ...canary, state: 'running' },
    rollback: false,
    reason,
    subgraphsOf: null,
    statuses: [{ launch: canary.launch, status: 'CANARY' }],
  };
}

/** Begins the canary of a launch that was rolled back once more. Routers take it up, as `began` is new. */
export function beginAgain(
  { serving }: RolloutState,
  {
    launch,
    settings,
    reason,
  }: { readonly launch: number; readonly settings: RolloutSettings; readonly reason: string },
): RolloutChange {
  return {
    serving,
    canary: { launch, percent: firstStep(settings), state: 'running', began: null },
    rollback: false,
    reason,
    subgraphsOf: launch,
    statuses: [{ launch, status: 'CANARY' }],
  };
}

function replaceServing(
  { serving, canary }: RolloutState,
  next: Pick<RolloutChange, 'reason' | 'rollback'> & {
    readonly launch: number;
    readonly status: 'SUPERSEDED' | 'ROLLED_BACK';
  },
): RolloutChange {
  const { launch, reason, rollback, status } = next;
  const ended = canary === null || canary.launch === launch ? [] : [supersede(canary.launch)];
  return {
    serving: launch,
    canary: null,
    rollback,
    reason,
    subgraphsOf: launch,
    statuses: [...ended, { launch: serving, status }, { launch, status: 'SERVING' }],
  };
}

function supersede(launch: number): StatusChange {
  return { launch, status: 'SUPERSEDED' };
}

function firstStep({ steps }: RolloutSettings): number {
  const [percent] = steps;
  if (percent === undefined) throw new Error('bug: a rollout without steps');
  return percent;
}
