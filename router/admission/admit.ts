import type { Config } from '../config-schema.ts';
import { RouterError } from '../errors.ts';
import type { Budget, Caller, Charge } from './budget.ts';
import { checkVariables } from './variable-limits.ts';

type Variables = Readonly<Record<string, unknown>>;

/** What admission needs to know of an operation. */
export type Admissible = {
  /** @throws {RouterError} BAD_USER_INPUT */
  readonly coerce: (inputs: Variables) => Variables;
  /** The cost in points, by the variables. */
  readonly cost: (variables: Variables) => number;
};

/** May run, and is paid for. */
export type Admission = {
  readonly variables: Variables;
  readonly cost: number;
  readonly charge: Charge | undefined;
  /** What the answer says of the budget. */
  readonly headers: Readonly<Record<string, string>>;
};

/** Coerces the variables, estimates the cost and takes it from the caller's budget. Throws a RouterError where one of these says no. */
export function createAdmission(config: Pick<Config, 'limits' | 'rateLimit'>, budget: Budget) {
  const { enabled, maxCost } = config.rateLimit;

  return async function admit(operation: Admissible, inputs: Variables, caller: Caller): Promise<Admission> {
    checkVariables(inputs, config.limits);
    const variables = operation.coerce(inputs);
    const cost = operation.cost(variables);
    if (!enabled) return { variables, cost, charge: undefined, headers: {} };
    if (!(cost <= maxCost)) throw tooExpensive(cost, maxCost);
    const decision = await budget.charge({ ...caller, cost });
    switch (decision.kind) {
      case 'admitted':
        return { variables, cost, charge: decision.charge, headers: decision.headers };
      case 'refused':
        throw new RouterError(
          'RATE_LIMITED',
          `the operation costs ${cost} points, more than the budget holds now`,
          { headers: decision.headers },
        );
      case 'unaffordable':
        throw tooExpensive(cost, decision.affordable);
    }
  };
}

function tooExpensive(cost: number, most: number): RouterError {
  return new RouterError(
    'COST_ESTIMATED_TOO_EXPENSIVE',
    `the operation costs ${cost} points; the most that one may cost is ${most}`,
  );
}
