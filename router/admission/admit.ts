import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../errors.ts';
import type { Identity } from '../identity/identity.ts';
import type { Budget, BudgetDecision, Charge, Shortage } from './budget.ts';
import type { Caller, Demand } from './caller-buckets.ts';
import type { Price } from './pricing.ts';
import type { Spenders } from './spenders.ts';
import { checkVariables } from './variable-limits.ts';

type Variables = Readonly<Record<string, unknown>>;

/** What admission needs to know of an operation. */
export type Admissible = Price & {
  readonly type: 'query' | 'mutation';
  /** @throws {RouterError} BAD_USER_INPUT */
  readonly coerce: (inputs: Variables) => Variables;
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

/** Coerces the variables, estimates the cost and takes it from the caller's budget. Throws a RouterError where one of these says no. */
export function createAdmission(
  { limits, rateLimit }: Pick<Config, 'limits' | 'rateLimit'>,
  { budget, spenders, shed, measured }: AdmissionParts,
) {
  const { enabled, maxCost, mode } = rateLimit;

  async function pay(demand: Demand): Promise<Pick<Admission, 'charge' | 'headers'>> {
    const refusal = demand.cost <= maxCost ? undefined : tooExpensive(demand.cost, maxCost);
    const decision = refusal ?? (await budget.charge(demand));
    if (!(decision instanceof RouterError) && decision.kind === 'admitted') {
      spenders.spent(demand, decision.charge.points);
      return decision;
    }
    spenders.refused(demand);
    throw decision instanceof RouterError ? decision : refusalOf(decision, demand.cost);
  }

  async function payOrMeasure(demand: Demand): Promise<Pick<Admission, 'charge' | 'headers'>> {
    if (mode === 'enforce') return pay(demand);
    try {
      const { charge } = await pay(demand);
      return { charge, headers: {} };
    } catch (error) {
      if (!(error instanceof RouterError)) throw error;
      measured(error.code);
      return { charge: undefined, headers: {} };
    }
  }

  return async function admit(operation: Admissible, inputs: Variables, caller: Caller): Promise<Admission> {
    checkVariables(inputs, limits);
    const variables = operation.coerce(inputs);
    const cost = operation.cost(variables);
    shed(caller.identity, operation.type, cost);
    if (!enabled) return { variables, cost, charge: undefined, headers: {} };
    const { identity, address } = caller;
    const paid = await payOrMeasure({ identity, address, cost, calls: operation.calls(variables) });
    return { variables, cost, charge: paid.charge, headers: paid.headers };
  };
}

function refusalOf(decision: Exclude<BudgetDecision, { kind: 'admitted' }>, cost: number): RouterError {
  if (decision.kind === 'refused') return rateLimited(decision, cost);
  const { affordable, field } = decision;
  return field === undefined ? tooExpensive(cost, affordable) : tooManyCalls(field, affordable);
}

type Refused = Extract<BudgetDecision, { kind: 'refused' }>;

function rateLimited({ headers, retryAfterMs, shortage, field }: Refused, cost: number): RouterError {
  const seconds = Math.ceil(retryAfterMs / 1_000);
  const wait = `Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;
  const reason = field === undefined ? costReason(cost, shortage) : callsReason(field, shortage);
  return new RouterError('RATE_LIMITED', `${reason} ${wait}`, {
    headers,
    extensions: { retryAfterMs, ...shortage, ...(field === undefined ? { cost } : { field }) },
  });
}

function costReason(cost: number, shortage: Shortage | undefined): string {
  const { remaining, limit } = shortage ?? {};
  const left = remaining === undefined ? 'is not available now' : `has ${remaining} of ${limit} points left`;
  return `The request costs ${cost} points and its budget ${left}.`;
}

function callsReason(field: string, shortage: Shortage | undefined): string {
  const { limit = 0, windowMs = 0 } = shortage ?? {};
  return `The limit of ${limit} calls of ${field} in ${windowMs / 1_000} seconds is reached.`;
}

function tooManyCalls(field: string, limit: number): RouterError {
  const message = `The operation calls ${field} too often; the limit is ${limit} calls.`;
  return new RouterError('COST_ESTIMATED_TOO_EXPENSIVE', message, { extensions: { field, limit } });
}

function tooExpensive(cost: number, limit: number): RouterError {
  const message = `The operation costs ${cost} points; the limit for one operation is ${limit}.`;
  return new RouterError('COST_ESTIMATED_TOO_EXPENSIVE', message, { extensions: { cost, limit } });
}
