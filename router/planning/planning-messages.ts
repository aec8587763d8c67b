import type { OperationToPlan } from './operation-planner.ts';

/** What the thread is started with. */
export type PlanningThreadData = { readonly supergraphSdl: string };

/** One operation at a time: the next is sent when the answer to the last is there. */
export type PlanningRequest = OperationToPlan;

export type PlanningMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly message: string }
  /** A `PlannedOperation` as JSON: parsing a string takes the main thread less time than the structured clone of a plan. */
  | { readonly kind: 'outcome'; readonly json: string };
