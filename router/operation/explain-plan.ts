import type { IncomingHttpHeaders } from 'node:http';
import { describePlan } from '../planning/describe-plan.ts';
import type { LatencyOf } from '../planning/describe-plan.ts';
import { payerOf } from '../request/caller.ts';
import type { Caller } from '../request/caller.ts';
import { RouterError } from '../shared/errors.ts';
import type { EvaluateOverrides } from './evaluate-overrides.ts';
import type { Operation, Variables } from './operations.ts';

/**
 * A client's request for the query plan: in the format of Apollo's tools, in the format of Hive's tools, or
 * in both formats.
 */
export type PlanRequest = {
  readonly isApollo: boolean;
  readonly isHive: boolean;
  /** Whether the operation must only be planned, not executed. */
  readonly isDryRun: boolean;
};

const HEADERS = { isApollo: 'apollo-expose-query-plan', isHive: 'hive-expose-query-plan' } as const;

/**
 * Reads from two request headers which query plans the client wants in the response. Returns undefined if
 * neither header has the value `true` or `dry-run`.
 */
export function readPlanRequest(headers: IncomingHttpHeaders): PlanRequest | undefined {
  const apollo = headers[HEADERS.isApollo];
  const hive = headers[HEADERS.isHive];
  if (apollo === undefined && hive === undefined) return undefined;
  const isDryRun = apollo === 'dry-run' || hive === 'dry-run';
  const isAsked = (value: unknown) => value === 'true' || value === 'dry-run';
  if (!isAsked(apollo) && !isAsked(hive)) return undefined;
  return { isApollo: isAsked(apollo), isHive: isAsked(hive), isDryRun };
}

/** Returns the members of `extensions` that describe the plan of an operation for a caller. */
export type ExplainPlan = (
  operation: Operation,
  inputs: Variables,
  { caller, asked }: { readonly caller: Caller; readonly asked: PlanRequest },
) => Promise<object>;

/** Creates the function that returns the members of `extensions` which describe a query plan. */
export function createPlanExplanation({
  evaluateOverrides,
  latencyOf,
}: {
  readonly evaluateOverrides: EvaluateOverrides;
  readonly latencyOf: LatencyOf | undefined;
}): ExplainPlan {
  return async (operation, inputs, { caller, asked }) => {
    const overrides = evaluateOverrides(operation.overrideLabels, caller);
    const plan = await operation.compiled.plan(overrides, payerOf(caller));
    const {
      text,
      plan: object,
      ...rest
    } = describePlan(plan, {
      cost: estimatedCost(operation, inputs),
      mergesFetches: operation.compiled.mergesFetches,
      latencyOf,
    });
    return {
      ...(asked.isApollo && { apolloQueryPlan: { object, text } }),
      ...(asked.isHive && { queryPlan: object }),
      tributaryPlan: rest,
    };
  };
}

/**
 * Returns the estimated cost of the operation in points of the rate limit; undefined if it depends on
 * variables that the client did not send.
 */
export function estimatedCost(operation: Operation, inputs: Variables): number | undefined {
  try {
    return operation.cost(operation.coerce(inputs).variables);
  } catch (error) {
    if (error instanceof RouterError && error.code === 'BAD_USER_INPUT') return undefined;
    throw error;
  }
}
