import type { Config } from '../config/config-schema.ts';
import type { ActualCost, DeliveredData } from '../cost/actual-cost.ts';
import type { Admission } from './charge.ts';
import type { DeliveredCalls } from '../cost/delivered-calls.ts';
import { remainingAfter } from './rate-limiter.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Caller } from './caller-buckets.ts';
import type { TopConsumers } from './top-consumers.ts';

/** `extensions.cost` of an answer. */
export type CostReport = {
  /** The estimate, which had to be there. */
  readonly requested: number;
  /** What is charged for it in the end. */
  readonly actual: number;
  /** What the caller's scarcest bucket holds; null where nobody counts. */
  readonly remaining: number | null;
};

export type ChargedOperation = {
  readonly admission: Admission;
  /** Undefined where the estimate stands. */
  readonly actualCost: ActualCost | undefined;
  /** Undefined where no calls are given back. */
  readonly deliveredCalls?: DeliveredCalls | undefined;
  readonly delivered: DeliveredData;
  /** Coordinates of fields whose call was sent and failed: they stay charged. */
  readonly fieldsWithoutResponse: ReadonlySet<string>;
  readonly caller: Caller;
};

export type ReconciliationParts = {
  readonly rateLimiter: RateLimiter;
  readonly topConsumers: TopConsumers;
  /** Is told of each correction, in points, and whether it reached the budget. */
  readonly onReconciled: (points: number, outcome: 'done' | 'lost') => void;
  /** Runs an action after the answer has gone out. */
  readonly later: (action: () => void) => void;
};

/** A header with which a client asks what its operation cost. */
export function asksForCost(headers: Readonly<Record<string, unknown>>): boolean {
  return headers['x-cost'] === 'report';
}

// Corrections that wait for Redis, or for a moment without requests. One that is dropped leaves the estimate charged.
const MAX_PENDING = 10_000;

export type Reconciliation = {
  /** Settles while nobody waits for it. */
  readonly reconcileLater: (operation: ChargedOperation) => void;
  /** Settles, and says what came of it without waiting for the budget. */
  readonly reconcileAndReport: (operation: ChargedOperation) => CostReport;
};

/** Whether it is the coordinate of a mutation, which may have taken effect although it brought no answer. */
function isMutation(coordinate: string): boolean {
  return coordinate.startsWith('Mutation.');
}

/** Charges what was delivered in place of what was estimated. */
export function createReconciliation(
  { maxSurchargePercent }: Pick<Config['rateLimit'], 'maxSurchargePercent'>,
  parts: ReconciliationParts,
): Reconciliation {
  const { rateLimiter, topConsumers, onReconciled, later } = parts;
  let pending = 0;

  function actualOf({ admission, actualCost, delivered, fieldsWithoutResponse }: ChargedOperation): number {
    const { cost, variables, reservation } = admission;
    if (actualCost === undefined || [...fieldsWithoutResponse].some(isMutation)) return cost;
    const most = Math.floor(cost * (1 + maxSurchargePercent / 100));
    const prepaid = cost - (reservation?.points ?? cost);
    return Math.max(Math.min(actualCost(delivered, variables, fieldsWithoutResponse), most), prepaid);
  }

  /** Gives back the calls of each field that has delivered a value for every call. */
  function refundCalls({ admission: { reservation }, deliveredCalls, delivered }: ChargedOperation): void {
    if (reservation === undefined || deliveredCalls === undefined) return;
    const counts = deliveredCalls(delivered);
    const calls = reservation.calls.filter(
      ({ refundable }) =>
        refundable !== undefined && (counts.get(refundable.coordinate) ?? 0) >= refundable.calls,
    );
    void rateLimiter.refundCalls(reservation, calls);
  }

  function correct(operation: ChargedOperation, actual: number): void {
    refundCalls(operation);
    const { reservation, cost } = operation.admission;
    const { caller } = operation;
    const back = cost - actual;
    if (reservation === undefined || back === 0) return;
    pending += 1;
    topConsumers.addRefund(caller, back);
    void rateLimiter.refund(reservation, back).then((outcome) => {
      pending -= 1;
      onReconciled(back, outcome);
    });
  }

  return {
    reconcileLater(operation) {
      if (operation.admission.reservation === undefined) return;
      if (pending >= MAX_PENDING) return onReconciled(0, 'lost');
      pending += 1;
      later(() => {
        pending -= 1;
        correct(operation, actualOf(operation));
      });
    },

    reconcileAndReport(operation) {
      const { cost, reservation } = operation.admission;
      const actual = actualOf(operation);
      correct(operation, actual);
      const remaining = reservation && remainingAfter(reservation, cost - actual);
      return { requested: cost, actual, remaining: remaining ?? null };
    },
  };
}
