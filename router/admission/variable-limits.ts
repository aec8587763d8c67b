import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../errors.ts';

export type VariableLimits = Pick<Config['limits'], 'variableDepth' | 'variableItems'>;

/**
 * Refuses variables that are nested too deep for the recursive parts behind, or have too long lists.
 * @throws {RouterError} MAX_INPUT_LIMIT
 */
export function checkVariables(variables: Readonly<Record<string, unknown>>, limits: VariableLimits): void {
  for (const value of Object.values(variables)) checkValue(value, 1, limits);
}

function checkValue(value: unknown, depth: number, limits: VariableLimits): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > limits.variableDepth) {
    throw new RouterError(
      'MAX_INPUT_LIMIT',
      `The variables are nested deeper than ${limits.variableDepth} levels.`,
    );
  }
  if (Array.isArray(value) && value.length > limits.variableItems) {
    throw new RouterError(
      'MAX_INPUT_LIMIT',
      `The variables have a list of more than ${limits.variableItems} items.`,
    );
  }
  for (const inner of Object.values(value)) checkValue(inner, depth + 1, limits);
}
