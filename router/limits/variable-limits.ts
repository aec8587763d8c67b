import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';
import { isExactNumber } from '../shared/exact-json.ts';

export type VariableLimits = Pick<
  Config['limits'],
  'variableDepth' | 'variableItems' | 'variableMembers' | 'variableNodes'
>;

/**
 * Rejects variables that are nested too deep for recursive code, or have too many values.
 * @throws {RouterError} MAX_INPUT_LIMIT
 */
export function checkVariables(variables: Readonly<Record<string, unknown>>, limits: VariableLimits): void {
  new Check(limits).value(variables, 0);
}

/** Counts the values in the variables of one request, and rejects too many. */
class Check {
  readonly #limits: VariableLimits;
  #nodes = 0;

  constructor(limits: VariableLimits) {
    this.#limits = limits;
  }

  value(value: unknown, depth: number): void {
    const { variableDepth, variableNodes } = this.#limits;
    this.#nodes += 1;
    // The limit is raised by one, because the object of all variables (`{"id": 1}`) is counted too.
    if (this.#nodes > variableNodes + 1) throw exceeded(`hold more than ${variableNodes} values`);
    if (typeof value !== 'object' || value === null || isExactNumber(value)) return;
    if (depth > variableDepth) throw exceeded(`are nested deeper than ${variableDepth} levels`);
    if (Array.isArray(value)) this.#list(value, depth);
    else this.#object(value, depth);
  }

  #list(list: readonly unknown[], depth: number): void {
    const { variableItems } = this.#limits;
    if (list.length > variableItems) throw exceeded(`have a list of more than ${variableItems} items`);
    for (const item of list) this.value(item, depth + 1);
  }

  #object(object: object, depth: number): void {
    const { variableMembers } = this.#limits;
    const members = Object.values(object);
    if (members.length > variableMembers)
      throw exceeded(`have an object of more than ${variableMembers} members`);
    for (const member of members) this.value(member, depth + 1);
  }
}

function exceeded(what: string): RouterError {
  return new RouterError('MAX_INPUT_LIMIT', `The variables ${what}.`);
}
