import type { OperationToPlan } from './operation-planner.ts';

/** Data that a planning thread gets at its start. */
export type PlanningThreadData = { readonly supergraphSdl: string };

/** One operation to plan. The next one is sent after the result of the previous one has arrived. */
export type PlanningRequest = OperationToPlan;

/** Message of a planning thread to the router. */
export type PlanningMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly message: string }
  /**
   * Result of planning, as the JSON text of a `PlannedOperation`. For the main thread, parsing a text is
   * faster than receiving a structured clone.
   */
  | { readonly kind: 'outcome'; readonly json: string };
