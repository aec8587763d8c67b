import { MisuseError } from '../command-spec.ts';
import type { RegistryValues } from './registry-options.ts';

/** The argument of verbs for one subgraph. */
export const SUBGRAPH_ARGUMENT = {
  name: '[NAME]',
  max: 1,
  description: 'The subgraph. With --name, GRAPH@VARIANT may stand here, as in rover.',
} as const;

/** The name of the subgraph as rover has it. */
export const NAME_OPTION = {
  type: 'string',
  value: 'NAME',
  description: 'The subgraph, as in rover.',
} as const;

/** Options of a verb for one subgraph, with the name that they or the argument give. */
export type SubgraphTarget<Values> = { readonly name: string; readonly values: Values };

/**
 * Returns the subgraph that the arguments name, and the options with the graph that they name.
 * @throws {MisuseError} if no subgraph or two are named
 */
export function subgraphTarget<
  Values extends Pick<RegistryValues, 'graph'> & { readonly name: string | undefined },
>(values: Values, [argument]: readonly string[]): SubgraphTarget<Values> {
  const { name, graph } = values;
  if (name === undefined) {
    if (argument === undefined) throw new MisuseError('name the subgraph: NAME is missing');
    return { name: argument, values };
  }
  if (argument === undefined) return { name, values };
  if (!argument.includes('@') || graph !== undefined)
    throw new MisuseError(`name one subgraph: ${argument} or --name ${name}`);
  return { name, values: { ...values, graph: argument } };
}
