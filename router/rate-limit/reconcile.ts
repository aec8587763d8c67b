import type { Config } from '../config/config-schema.ts';
import type { ActualCost, Delivered } from '../cost/actual-cost.ts';
import type { Admission } from './charge.ts';
import type { DeliveredCalls } from '../cost/delivered-calls.ts';
import { remainingAfter } from './rate-limiter.ts';
import type { Budget } from './rate-limiter.ts';
import type { Caller } from './caller-buckets.ts';
import type { Spenders } from './top-consumers.ts';

/** `extensions.cost` of an answer. */
export type CostReport = {
  /** The estimate, which had to be there. */
  readonly requested: number;
  /** What is charged for it in the end. */
  readonly actual: number;
  /** What the caller's scarcest bucket holds; null where nobody counts. */
  readonly remaining: number | null;
};

export type Executed = {
  readonly admission: Admission;
  /** Undefined where the estimate stands. */
  readonly actualCost: ActualCost | undefined;
  /** Undefined where no calls are given back. */
  readonly deliveredCalls?: DeliveredCalls | undefined;
  readonly delivered: Delivered;
  /** Coordinates of fields whose call was sent and failed: they stay charged. */
  readonly fieldsWithoutResponse: ReadonlySet<string>;
  readonly caller: Caller;
};

export type SettlementParts = {
  readonly budget: Budget;
  readonly spenders: Spenders;
  /** Is told of each correction, in points, and whether it reached the budget. */
  readonly settled: (points: number, outcome: 'done' | 'lost') => void;
  /** Runs an action after the answer has gone out. */
  readonly later: (action: () => void) => void;
};

/** A header with which a client asks what its operation cost. */
export function asksForCost(headers: Readonly<Record<string, unknown>>): boolean {
  return headers['x-cost'] === 'report';
}

// Corrections that wait for Redis, or for a moment without requests. One that is dropped leaves the estimate charged.
const MAX_PENDING = 10_000;

export type Settlement = {
  /** Settles while nobody waits for it. */
  readonly settleLater: (executed: Executed) => void;
  /** Settles, and says what came of it without waiting for the budget. */
  readonly settleAndReport: (executed: Executed) => CostReport;
};

/** Whether it is the coordinate of a mutation, which may have taken effect although it brought no answer. */
function isMutation(coordinate: string): boolean {
  return coordinate.startsWith('Mutation.');
}

/** Charges what was delivered in place of what was estimated. */
export function createSettlement(
  { maxSurchargePercent }: Pick<Config['rateLimit'], 'maxSurchargePercent'>,
  parts: SettlementParts,
): Settlement {
  const { budget, spenders, settled, later } = parts;
  let pending = 0;

  function actualOf({ admission, actualCost, delivered, fieldsWithoutResponse }: Executed): number {
    const { cost, variables, charge } = admission;
    if (actualCost === undefined || [...fieldsWithoutResponse].some(isMutation)) return cost;
    const most = Math.floor(cost * (1 + maxSurchargePercent / 100));
    const prepaid = cost - (charge?.points ?? cost);
    return Math.max(Math.min(actualCost(delivered, variables, fieldsWithoutResponse), most), prepaid);
  }

  /** Gives back the calls of each field that has delivered a value for every call. */
  function refundCalls({ admission: { charge }, deliveredCalls, delivered }: Executed): void {
    if (charge === undefined || deliveredCalls === undefined) return;
    const counts = deliveredCalls(delivered);
    const calls = charge.calls.filter(
      ({ refundable }) =>
        refundable !== undefined && (counts.get(refundable.coordinate) ?? 0) >= refundable.calls,
    );
    void budget.refundCalls(charge, calls);
  }

  function correct(executed: Executed, actual: number): void {
    refundCalls(executed);
    const { charge, cost } = executed.admission;
    const { caller } = executed;
    const back = cost - actual;
    if (charge === undefined || back === 0) return;
    pending += 1;
    spenders.refunded(caller, back);
    void budget.refund(charge, back).then((outcome) => {
      pending -= 1;
      settled(back, outcome);
    });
  }

  return {
    settleLater(executed) {
      if (executed.admission.charge === undefined) return;
      if (pending >= MAX_PENDING) return settled(0, 'lost');
      pending += 1;
      later(() => {
        pending -= 1;
        correct(executed, actualOf(executed));
      });
    },

    settleAndReport(executed) {
      const { cost, charge } = executed.admission;
      const actual = actualOf(executed);
      correct(executed, actual);
      const remaining = charge && remainingAfter(charge, cost - actual);
      return { requested: cost, actual, remaining: remaining ?? null };
    },
  };
}
