// Importing the index of the planner's package would load the whole planner, which only the planning thread
// needs.
import { prettyFormatQueryPlan } from '@apollo/query-planner/dist/prettyFormatQueryPlan.js';
import type { QueryPlan } from '@apollo/query-planner';
import { callsOf, totalOf } from './plan-calls.ts';
import { planFetches } from './plan-fetches.ts';
import type { PlannedFetch } from './plan-fetches.ts';

/** A query plan in the form that the command `tributary plan`, response extensions and the console show. */
export type PlanDescription = {
  /** The plan in the format that Apollo's tools read. */
  readonly plan: QueryPlan;
  readonly text: string;
  /** Estimated cost in points; null if it depends on variables that are unknown. */
  readonly cost: number | null;
  /** Number of calls to subgraphs. Fetches that are sent in one request count as one call. */
  readonly calls: number;
  /** Number of calls to each subgraph. The key is the name of the subgraph. */
  readonly subgraphs: Readonly<Record<string, number>>;
  /**
   * Duration of the longest chain of calls in milliseconds, computed from the median latencies of the
   * subgraphs; null if one of these latencies is unknown.
   */
  readonly estimatedMs: number | null;
  readonly fetches: readonly PlannedFetch[];
};

/** Returns the median latency of a subgraph in milliseconds; undefined if it is unknown. */
export type LatencyOf = (subgraph: string) => number | undefined;

/** Describes a query plan for display, with the cost of its operation and its calls to subgraphs. */
export function describePlan(
  plan: QueryPlan,
  {
    cost,
    mergesFetches,
    latencyOf = () => undefined,
  }: {
    readonly cost: number | undefined;
    /** True if fetches of one subgraph that begin at the same time are sent in one request. */
    readonly mergesFetches: boolean;
    readonly latencyOf?: LatencyOf | undefined;
  },
): PlanDescription {
  const fetches = planFetches(plan, { mergesFetches });
  const calls = callsOf(plan, ({ id }) => fetches[id]?.sentWith == null);
  return {
    plan,
    text: prettyFormatQueryPlan(plan),
    cost: cost ?? null,
    calls: totalOf(calls),
    subgraphs: Object.fromEntries(calls),
    estimatedMs: longestChain(fetches, latencyOf) ?? null,
    fetches,
  };
}

function longestChain(fetches: readonly PlannedFetch[], latencyOf: LatencyOf): number | undefined {
  const ends: number[] = [];
  for (const { id, subgraph, dependsOn } of fetches) {
    const latency = latencyOf(subgraph);
    if (latency === undefined) return undefined;
    ends[id] = latency + Math.max(0, ...dependsOn.map((before) => ends[before] ?? 0));
  }
  return Math.max(0, ...ends);
}
