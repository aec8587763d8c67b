import { valueFromASTUntyped } from 'graphql';
import type { ConstDirectiveNode } from 'graphql';

/** Returns the arguments of a directive in a schema, by name. */
export function constantArguments({
  arguments: given = [],
}: ConstDirectiveNode): Readonly<Record<string, unknown>> {
  return Object.fromEntries(given.map(({ name, value }) => [name.value, valueFromASTUntyped(value)]));
}
