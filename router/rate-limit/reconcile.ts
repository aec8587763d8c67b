import type { Config } from '../config/config-schema.ts';
import type { ActualCost, DeliveredData } from '../cost/actual-cost.ts';
import type { Admission } from './charge.ts';
import type { DeliveredCalls } from '../cost/delivered-calls.ts';
import { remainingAfter } from './rate-limiter.ts';
import type { RateLimiter, Reservation } from './rate-limiter.ts';
import type { Payer } from '../request/caller.ts';
import type { RecordedFacts } from '../request/request-recorder.ts';
import type { TopConsumers } from './top-consumers.ts';

/** Content of `extensions.cost` in a response. */
export type CostReport = {
  /** Estimated cost in points, which was charged before execution. */
  readonly requested: number;
  /** Actual cost in points, which replaces the estimated cost. */
  readonly actual: number;
  /** Points in the caller's emptiest bucket; null if the request used no bucket. */
  readonly remaining: number | null;
};

/** An executed operation whose charge is to be corrected. */
export type ReconcilableOperation = {
  readonly admission: Admission;
  /** Computes the actual cost of the operation; undefined if the estimated cost stays charged. */
  readonly actualCost: ActualCost | undefined;
  /** Counts the calls that returned a value, by field; undefined if no calls can be refunded. */
  readonly deliveredCalls?: DeliveredCalls | undefined;
  readonly delivered: DeliveredData;
  /**
   * Coordinates of fields whose subgraph call was sent and failed. Their estimated cost stays charged,
   * because the subgraph may have done the work.
   */
  readonly fieldsWithoutResponse: ReadonlySet<string>;
  readonly caller: Payer;
  /** Facts about the request for the log, to which the actual cost is added. */
  readonly facts?: Partial<Pick<RecordedFacts, 'actualCost'>>;
};

export type ReconciliationParts = {
  readonly rateLimiter: RateLimiter;
  readonly topConsumers: TopConsumers;
  /**
   * Called with the number of refunded points of each operation, which is negative if points were charged in
   * addition. The outcome `lost` means that no bucket was changed, because Redis is down.
   */
  readonly onReconciled: (points: number, outcome: 'done' | 'lost') => void;
  /** Runs an action after the response was sent. */
  readonly later: (action: () => void) => void;
};

/** Returns whether the client requests `extensions.cost` in the response, by the header `x-cost: report`. */
export function asksForCost(headers: Readonly<Record<string, unknown>>): boolean {
  return headers['x-cost'] === 'report';
}

// Maximum number of corrections of charges that wait for Redis or for an idle moment. Further corrections are
// dropped, so their operations stay charged with the estimated cost.
const MAX_PENDING = 10_000;

/** Corrects the charges of executed operations: the estimated cost is replaced by the actual cost. */
export type Reconciliation = {
  /**
   * Refunds an operation that was not executed because of the router, for example after a planning timeout.
   * The points for the length of its document stay charged.
   */
  readonly refundUnexecuted: (admission: Admission, caller: Payer) => void;
  /** Corrects the charge of an operation after its response was sent. */
  readonly reconcileLater: (operation: ReconcilableOperation) => void;
  /**
   * Corrects the charge of an operation and returns `extensions.cost` for its response. The response does not
   * wait until Redis has stored the correction.
   */
  readonly reconcileAndReport: (operation: ReconcilableOperation) => CostReport;
};

/**
 * Returns whether one of the coordinates is that of a mutation field, such as `Mutation.pay`. If such a field
 * has no response, the estimated cost stays charged, because the mutation may have been executed.
 */
function includesMutation(coordinates: ReadonlySet<string>): boolean {
  for (const coordinate of coordinates) if (coordinate.startsWith('Mutation.')) return true;
  return false;
}

/** Creates the functions that correct charges: each replaces the estimated cost by the actual cost. */
export function createReconciliation(
  { maxSurchargePercent }: Pick<Config['rateLimit'], 'maxSurchargePercent'>,
  parts: ReconciliationParts,
): Reconciliation {
  const { rateLimiter, topConsumers, onReconciled, later } = parts;
  let waiting: ReconcilableOperation[] = [];
  let pending = 0;

  function actualOf({
    admission,
    actualCost,
    delivered,
    fieldsWithoutResponse,
  }: ReconcilableOperation): number {
    const { cost, variables, reservation } = admission;
    if (actualCost === undefined || includesMutation(fieldsWithoutResponse)) return cost;
    const most = Math.floor(cost * (1 + maxSurchargePercent / 100));
    const prepaid = cost - (reservation?.points ?? cost);
    return Math.max(Math.min(actualCost(delivered, variables, fieldsWithoutResponse), most), prepaid);
  }

  /**
   * Refunds calls of fields whose rate limit counts only failures. A field is refunded only if every call of
   * it has returned a value.
   */
  function refundCalls({
    admission: { reservation },
    deliveredCalls,
    delivered,
  }: ReconcilableOperation): void {
    if (reservation === undefined || deliveredCalls === undefined) return;
    const counts = deliveredCalls(delivered);
    const calls = reservation.calls.filter(
      ({ refundable }) =>
        refundable !== undefined && (counts.get(refundable.coordinate) ?? 0) >= refundable.calls,
    );
    void rateLimiter.refundCalls(reservation, calls);
  }

  function correct(operation: ReconcilableOperation, actual: number): void {
    refundCalls(operation);
    const { admission, caller, facts } = operation;
    if (facts !== undefined) facts.actualCost = actual;
    if (admission.reservation !== undefined)
      refundPoints(admission.reservation, admission.cost - actual, caller);
  }

  function refundPoints(reservation: Reservation, points: number, caller: Payer): void {
    if (points === 0) return;
    pending += 1;
    topConsumers.addRefund(caller, points);
    void rateLimiter.refund(reservation, points).then((outcome) => {
      pending -= 1;
      onReconciled(points, outcome);
    });
  }

  function correctWaiting(): void {
    const operations = waiting;
    waiting = [];
    pending -= operations.length;
    for (const operation of operations) correct(operation, actualOf(operation));
  }

  return {
    refundUnexecuted({ reservation }, caller) {
      if (reservation === undefined) return;
      void rateLimiter.refundCalls(reservation, reservation.calls);
      refundPoints(reservation, reservation.points, caller);
    },

    reconcileLater(operation) {
      if (operation.admission.reservation === undefined) return;
      if (pending >= MAX_PENDING) return onReconciled(0, 'lost');
      pending += 1;
      if (waiting.push(operation) === 1) later(correctWaiting);
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
