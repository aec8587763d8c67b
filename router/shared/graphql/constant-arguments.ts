import { valueFromASTUntyped } from 'graphql';
import type { ConstDirectiveNode } from 'graphql';

/** Returns the arguments, by name, of a directive as it is applied in a schema. */
export function constantArguments({
  arguments: given = [],
}: ConstDirectiveNode): Readonly<Record<string, unknown>> {
  return Object.fromEntries(given.map(({ name, value }) => [name.value, valueFromASTUntyped(value)]));
}
