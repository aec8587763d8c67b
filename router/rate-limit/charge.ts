import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';
import type { Identity } from '../request/identity.ts';
import { chargeablePoints } from './bucket.ts';
import type { RateLimitDecision, RateLimiter, Reservation } from './rate-limiter.ts';
import type { ChargeRequest } from './caller-buckets.ts';
import type { Payer } from '../request/caller.ts';
import type { CoerceVariables, CoercedVariables } from '../validation/coerce-variables.ts';
import type { Price } from '../cost/pricing.ts';
import { rejectionOf, tooExpensive } from './rate-limit-errors.ts';
import type { TopConsumers } from './top-consumers.ts';
import { checkVariables } from '../limits/variable-limits.ts';

type Variables = Readonly<Record<string, unknown>>;

/** The parts of an operation that its charge depends on: price, type and variables. */
export type PricedOperation = Price & {
  readonly type: 'query' | 'mutation';
  readonly coerce: CoerceVariables;
};

/**
 * An operation that was admitted: its coerced variables, its cost, and the points that were charged for it.
 */
export type Admission = CoercedVariables & {
  readonly cost: number;
  readonly reservation: Reservation | undefined;
  /** Rate-limit headers for the response to the client. */
  readonly headers: Readonly<Record<string, string>>;
};

export type AdmissionParts = {
  readonly rateLimiter: RateLimiter;
  readonly topConsumers: TopConsumers;
  /**
   * Rejects an operation if the process is overloaded. Identity, type and cost determine its priority.
   * @throws {RouterError} OVERLOADED
   */
  readonly shed: (identity: Identity, type: 'query' | 'mutation', cost: number) => void;
  /**
   * Called for an operation that exceeds a cost or rate limit but is admitted, because the configuration says
   * that limits are only measured (`measure`) and not enforced (`enforce`).
   */
  readonly measured: (code: RouterError['code']) => void;
};

/** Checks the rate limits of callers, and charges their operations to their buckets. */
export type OperationAdmission = {
  /**
   * Coerces the variables, estimates the cost and charges it to the caller.
   * @throws {RouterError} if the variables are invalid, the caller has too few points, or the process is
   * overloaded
   */
  readonly admit: (
    operation: PricedOperation,
    inputs: Variables,
    caller: PrepaidPayer,
  ) => Admission | Promise<Admission>;
  /**
   * Charges the caller for the length of a document, before the document is parsed, validated and planned.
   * Returns the charged points, which are later deducted from the operation's cost, or stay charged if the
   * document is rejected.
   * @throws {RouterError} RATE_LIMITED
   */
  readonly prepay: (documentLength: number, caller: Payer) => Promise<number>;
  /**
   * Runs `work`. If `work` throws an error that the client caused, and the caller was not charged for this
   * request before, one point is charged, so that invalid requests are not free.
   */
  readonly chargingRejections: <Result>(
    caller: PrepaidPayer,
    work: () => Result | Promise<Result>,
  ) => Result | Promise<Result>;
};

/** The caller that is charged for a request, and the points that it was already charged for this request. */
export type PrepaidPayer = Payer & Pick<ChargeRequest, 'prepaid'>;

type Charge = Pick<Admission, 'reservation' | 'headers'>;

const NO_HEADERS: Admission['headers'] = {};

/** Method of `TopConsumers` (the callers with the highest cost) that counts a charge. */
type Count = 'addOperation' | 'addCharge';

/** Creates the functions that check the limits of a caller and charge its operations. */
export function createAdmission(
  { limits, rateLimit }: Pick<Config, 'limits' | 'rateLimit'>,
  { rateLimiter, topConsumers, shed, measured }: AdmissionParts,
): OperationAdmission {
  const { enabled, maxCost, mode, documentLengthPerPoint } = rateLimit;

  function charge(request: ChargeRequest, count: Count): Promise<Charge> {
    if (request.cost <= maxCost)
      return rateLimiter.charge(request).then((decision) => conclude(decision, request, count));
    topConsumers.addRejection(request);
    return Promise.reject(tooExpensive(request.cost, maxCost));
  }

  function conclude(decision: RateLimitDecision, request: ChargeRequest, count: Count): Charge {
    if (decision.kind === 'admitted') {
      topConsumers[count](request, decision.reservation.points);
      return decision;
    }
    topConsumers.addRejection(request);
    throw rejectionOf(decision, request.cost);
  }

  async function measure(request: ChargeRequest, count: Count): Promise<Charge> {
    try {
      const { reservation } = await charge(request, count);
      return { reservation, headers: NO_HEADERS };
    } catch (error) {
      if (!(error instanceof RouterError)) throw error;
      measured(error.code);
      return { reservation: undefined, headers: NO_HEADERS };
    }
  }

  const chargeOrMeasure = mode === 'enforce' ? charge : measure;

  return {
    admit(operation, inputs, { identity, address, prepaid = 0 }) {
      checkVariables(inputs, limits);
      const { variables, sent } = operation.coerce(inputs);
      const cost = Math.max(operation.cost(variables), prepaid);
      shed(identity, operation.type, cost);
      if (!enabled) return { variables, sent, cost, reservation: undefined, headers: NO_HEADERS };
      const request = { identity, address, cost, prepaid, calls: operation.calls(variables) };
      return chargeOrMeasure(request, 'addOperation').then(({ reservation, headers }) => ({
        variables,
        sent,
        cost,
        reservation,
        headers,
      }));
    },

    async prepay(documentLength, caller) {
      if (!enabled) return 0;
      const cost = chargeablePoints(documentLength / documentLengthPerPoint);
      await chargeOrMeasure({ ...caller, cost }, 'addCharge');
      return cost;
    },

    // This function is not async: if the work needs no waiting and is not rejected, its result is returned
    // without a promise.
    chargingRejections(payer, work) {
      if (!enabled) return work();
      try {
        const result = work();
        return result instanceof Promise
          ? result.catch((error: unknown) => chargeRejection(error, payer))
          : result;
      } catch (error) {
        return chargeRejection(error, payer);
      }
    },
  };

  async function chargeRejection(
    error: unknown,
    { identity, address, prepaid = 0 }: PrepaidPayer,
  ): Promise<never> {
    // If the caller does not have even one point left, RATE_LIMITED replaces the original error.
    if (prepaid === 0 && isChargeable(error))
      await chargeOrMeasure({ identity, address, cost: 1 }, 'addCharge');
    throw error;
  }
}

/**
 * Returns whether one point is charged for a request that was rejected with this error. The client must have
 * caused the error, and the error must not be RATE_LIMITED.
 */
function isChargeable(error: unknown): boolean {
  return error instanceof RouterError && error.status < 499 && error.code !== 'RATE_LIMITED';
}
