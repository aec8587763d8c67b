import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';
import type { Identity } from '../request/identity.ts';
import { chargeablePoints } from './bucket.ts';
import type { Budget, Charge } from './rate-limiter.ts';
import type { Caller, Demand } from './caller-buckets.ts';
import type { CoerceVariables } from '../validation/coerce-variables.ts';
import type { Price } from '../cost/pricing.ts';
import { refusalOf, tooExpensive } from './rate-limit-errors.ts';
import type { Spenders } from './top-consumers.ts';
import { checkVariables } from '../limits/variable-limits.ts';

type Variables = Readonly<Record<string, unknown>>;

/** What admission needs to know of an operation. */
export type Admissible = Price & {
  readonly type: 'query' | 'mutation';
  readonly coerce: CoerceVariables;
};

/** May run, and is paid for. */
export type Admission = {
  readonly variables: Variables;
  readonly cost: number;
  readonly charge: Charge | undefined;
  /** What the answer says of the budget. */
  readonly headers: Readonly<Record<string, string>>;
};

export type AdmissionParts = {
  readonly budget: Budget;
  readonly spenders: Spenders;
  /** Refuses what there is no time for. @throws {RouterError} OVERLOADED */
  readonly shed: (identity: Identity, type: 'query' | 'mutation', cost: number) => void;
  /** Is told of what would be refused while limits are only measured. */
  readonly measured: (code: RouterError['code']) => void;
};

export type OperationAdmission = {
  /** Coerces the variables, estimates the cost and takes it from the caller's budget. @throws {RouterError} when one of these fails */
  readonly admit: (operation: Admissible, inputs: Variables, caller: Payer) => Promise<Admission>;
  /**
   * Charges for a document before it is parsed, validated and planned. Returns the points; they are part of what the
   * operation costs, and stay charged when the document is rejected. @throws {RouterError} RATE_LIMITED
   */
  readonly prepay: (documentLength: number, caller: Caller) => Promise<number>;
  /** Does a part of the work for a request. Charges one point when that rejects a request which has not been charged. */
  readonly chargingRejections: <Result>(
    caller: Payer,
    work: () => Result | Promise<Result>,
  ) => Promise<Result>;
};

/** Who is charged for a request. */
export type Payer = Caller & Pick<Demand, 'prepaid'>;

/** How the points are counted for the list of top spenders. */
type Count = 'spent' | 'charged';

/** Decides whether a caller may have what it requests, and charges for it. */
export function createAdmission(
  { limits, rateLimit }: Pick<Config, 'limits' | 'rateLimit'>,
  { budget, spenders, shed, measured }: AdmissionParts,
): OperationAdmission {
  const { enabled, maxCost, mode, documentLengthPerPoint } = rateLimit;

  async function pay(demand: Demand, count: Count): Promise<Pick<Admission, 'charge' | 'headers'>> {
    const refusal = demand.cost <= maxCost ? undefined : tooExpensive(demand.cost, maxCost);
    const decision = refusal ?? (await budget.charge(demand));
    if (!(decision instanceof RouterError) && decision.kind === 'admitted') {
      spenders[count](demand, decision.charge.points);
      return decision;
    }
    spenders.refused(demand);
    throw decision instanceof RouterError ? decision : refusalOf(decision, demand.cost);
  }

  async function payOrMeasure(demand: Demand, count: Count): Promise<Pick<Admission, 'charge' | 'headers'>> {
    if (mode === 'enforce') return pay(demand, count);
    try {
      const { charge } = await pay(demand, count);
      return { charge, headers: {} };
    } catch (error) {
      if (!(error instanceof RouterError)) throw error;
      measured(error.code);
      return { charge: undefined, headers: {} };
    }
  }

  return {
    async admit(operation, inputs, { identity, address, prepaid = 0 }) {
      checkVariables(inputs, limits);
      const variables = operation.coerce(inputs);
      const cost = Math.max(operation.cost(variables), prepaid);
      shed(identity, operation.type, cost);
      if (!enabled) return { variables, cost, charge: undefined, headers: {} };
      const demand = { identity, address, cost, prepaid, calls: operation.calls(variables) };
      return { variables, cost, ...(await payOrMeasure(demand, 'spent')) };
    },

    async prepay(documentLength, caller) {
      if (!enabled) return 0;
      const cost = chargeablePoints(documentLength / documentLengthPerPoint);
      await payOrMeasure({ ...caller, cost }, 'charged');
      return cost;
    },

    async chargingRejections({ identity, address, prepaid = 0 }, work) {
      try {
        return await work();
      } catch (error) {
        // A caller without points receives that error instead.
        if (enabled && prepaid === 0 && isChargeable(error))
          await payOrMeasure({ identity, address, cost: 1 }, 'charged');
        throw error;
      }
    },
  };
}

/** Requests that fail because of the router, or because the budget is spent, cost nothing. */
function isChargeable(error: unknown): boolean {
  return error instanceof RouterError && error.status < 499 && error.code !== 'RATE_LIMITED';
}
