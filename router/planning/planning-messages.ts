import type { OperationToPlan } from './operation-planner.ts';

/** Data that the planning thread is started with. */
export type PlanningThreadData = { readonly supergraphSdl: string };

/** One operation to plan. The next one is sent after the result of the previous one has arrived. */
export type PlanningRequest = OperationToPlan;

export type PlanningMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly message: string }
  /**
   * A `PlannedOperation` as JSON. On the main thread, parsing a string is faster than receiving a structured
   * clone of a plan.
   */
  | { readonly kind: 'outcome'; readonly json: string };
