import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';
import type { Identity } from '../request/identity.ts';
import { chargeablePoints } from './bucket.ts';
import type { RateLimiter, Reservation } from './rate-limiter.ts';
import type { Caller, ChargeRequest } from './caller-buckets.ts';
import type { CoerceVariables, CoercedVariables } from '../validation/coerce-variables.ts';
import type { Price } from '../cost/pricing.ts';
import { refusalOf, tooExpensive } from './rate-limit-errors.ts';
import type { TopConsumers } from './top-consumers.ts';
import { checkVariables } from '../limits/variable-limits.ts';

type Variables = Readonly<Record<string, unknown>>;

/** What admission needs to know of an operation. */
export type PricedOperation = Price & {
  readonly type: 'query' | 'mutation';
  readonly coerce: CoerceVariables;
};

/** May run, and is paid for. */
export type Admission = CoercedVariables & {
  readonly cost: number;
  readonly reservation: Reservation | undefined;
  /** What the answer says of the budget. */
  readonly headers: Readonly<Record<string, string>>;
};

export type AdmissionParts = {
  readonly rateLimiter: RateLimiter;
  readonly topConsumers: TopConsumers;
  /** Refuses what there is no time for. @throws {RouterError} OVERLOADED */
  readonly shed: (identity: Identity, type: 'query' | 'mutation', cost: number) => void;
  /** Is told of what would be refused while limits are only measured. */
  readonly measured: (code: RouterError['code']) => void;
};

export type OperationAdmission = {
  /** Coerces the variables, estimates the cost and takes it from the caller's budget. @throws {RouterError} when one of these fails */
  readonly admit: (operation: PricedOperation, inputs: Variables, caller: Payer) => Promise<Admission>;
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
export type Payer = Caller & Pick<ChargeRequest, 'prepaid'>;

/** How the points are counted for the list of top consumers. */
type Count = 'addOperation' | 'addCharge';

/** Decides whether a caller may have what it requests, and charges for it. */
export function createAdmission(
  { limits, rateLimit }: Pick<Config, 'limits' | 'rateLimit'>,
  { rateLimiter, topConsumers, shed, measured }: AdmissionParts,
): OperationAdmission {
  const { enabled, maxCost, mode, documentLengthPerPoint } = rateLimit;

  async function charge(
    request: ChargeRequest,
    count: Count,
  ): Promise<Pick<Admission, 'reservation' | 'headers'>> {
    const refusal = request.cost <= maxCost ? undefined : tooExpensive(request.cost, maxCost);
    const decision = refusal ?? (await rateLimiter.charge(request));
    if (!(decision instanceof RouterError) && decision.kind === 'admitted') {
      topConsumers[count](request, decision.reservation.points);
      return decision;
    }
    topConsumers.addRejection(request);
    throw decision instanceof RouterError ? decision : refusalOf(decision, request.cost);
  }

  async function chargeOrMeasure(
    request: ChargeRequest,
    count: Count,
  ): Promise<Pick<Admission, 'reservation' | 'headers'>> {
    if (mode === 'enforce') return charge(request, count);
    try {
      const { reservation } = await charge(request, count);
      return { reservation, headers: {} };
    } catch (error) {
      if (!(error instanceof RouterError)) throw error;
      measured(error.code);
      return { reservation: undefined, headers: {} };
    }
  }

  return {
    async admit(operation, inputs, { identity, address, prepaid = 0 }) {
      checkVariables(inputs, limits);
      const coerced = operation.coerce(inputs);
      const { variables } = coerced;
      const cost = Math.max(operation.cost(variables), prepaid);
      shed(identity, operation.type, cost);
      if (!enabled) return { ...coerced, cost, reservation: undefined, headers: {} };
      const request = { identity, address, cost, prepaid, calls: operation.calls(variables) };
      return { ...coerced, cost, ...(await chargeOrMeasure(request, 'addOperation')) };
    },

    async prepay(documentLength, caller) {
      if (!enabled) return 0;
      const cost = chargeablePoints(documentLength / documentLengthPerPoint);
      await chargeOrMeasure({ ...caller, cost }, 'addCharge');
      return cost;
    },

    async chargingRejections({ identity, address, prepaid = 0 }, work) {
      try {
        return await work();
      } catch (error) {
        // A caller without points receives that error instead.
        if (enabled && prepaid === 0 && isChargeable(error))
          await chargeOrMeasure({ identity, address, cost: 1 }, 'addCharge');
        throw error;
      }
    },
  };
}

/** Requests that fail because of the router, or because the budget is spent, cost nothing. */
function isChargeable(error: unknown): boolean {
  return error instanceof RouterError && error.status < 499 && error.code !== 'RATE_LIMITED';
}
