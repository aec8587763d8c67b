import type { StateResult } from '../../router/console/api-types.ts';

type BreakerReport = {
  readonly breaker: 'closed' | 'half-open' | 'open';
  /** Whether an operator has set the state. */
  readonly forced?: true;
  readonly retryAfterMs?: number;
};

export type FieldState = BreakerReport & { readonly field: string };

export type EndpointState = {
  readonly url?: string;
  readonly state: 'serving' | 'ejected' | 'probed';
  readonly inFlight: number;
};

/** State of a subgraph in one process. */
export type SubgraphState = BreakerReport & {
  readonly subgraph: string;
  readonly state: 'closed' | 'half-open' | 'open' | 'partly-open';
  readonly fields: readonly FieldState[];
  readonly inFlight: number;
  /** Maximum number of calls in flight. */
  readonly limit?: number;
  readonly endpoints: readonly EndpointState[];
  readonly usedBy?: 'canary' | 'previous';
};

export type Consumer = {
  readonly user?: { readonly issuer: string; readonly id: string; readonly tier?: string };
  readonly address?: string;
  readonly points: number;
  readonly operations: number;
  readonly rejected: number;
};

export type RejectedSupergraph = {
  readonly version?: string;
  readonly since?: string;
  readonly source?: string;
  readonly reasons?: readonly string[];
};

/** The parts of `/state` that the page shows. Each may be absent, because it depends on the configuration. */
export type ProcessState = {
  readonly supergraph?: {
    readonly serving?: { readonly version: string; readonly since: string; readonly source?: string } | null;
    readonly rejected?: RejectedSupergraph | null;
  };
  readonly requests?: { readonly limit: number; readonly inFlight: number };
  readonly subgraphs?: readonly SubgraphState[];
  readonly topConsumers?: { readonly current?: ConsumerReport; readonly before?: ConsumerReport };
};

type ConsumerReport = { readonly since: string; readonly top: readonly Consumer[] };

/** Returns the states with their type. Page and router have the same version, so nothing is checked. */
export function processStates(result: StateResult): readonly ProcessState[] {
  return result;
}

/** Adds up the consumers of all processes, those with the most points first. */
export function topConsumers(
  states: readonly ProcessState[],
): readonly (Consumer & { readonly name: string })[] {
  const sums = new Map<string, Consumer & { readonly name: string }>();
  for (const one of states.flatMap(({ topConsumers: top }) => top?.current?.top ?? [])) {
    const name = one.user?.id ?? one.address ?? 'unknown';
    const key = JSON.stringify([one.user?.issuer, name]);
    const sum = sums.get(key);
    sums.set(key, {
      ...one,
      name,
      points: one.points + (sum?.points ?? 0),
      operations: one.operations + (sum?.operations ?? 0),
      rejected: one.rejected + (sum?.rejected ?? 0),
    });
  }
  return [...sums.values()].toSorted((one, other) => other.points - one.points);
}
