import { rootFieldsOf } from '../shared/graphql/root-fields.ts';
import type { DeliveredData, DeliveredOperation } from './actual-cost.ts';

/**
 * Returns, for each root field, how many of its aliases have a value other than null in the response. The
 * keys are field coordinates, such as `Mutation.login`.
 */
export type DeliveredCalls = (delivered: DeliveredData) => ReadonlyMap<string, number>;

/**
 * Compiles the function that counts, in a response, the aliases of root fields whose value is not null. Only
 * root fields with the given coordinates are counted. Returns undefined if the operation selects none of
 * them.
 */
export function compileDeliveredCalls(
  { document, name, keyOf }: DeliveredOperation,
  coordinates: readonly string[],
): DeliveredCalls | undefined {
  if (coordinates.length === 0) return undefined;
  const keys = new Map<string, string>();
  for (const { node, coordinate } of rootFieldsOf(document, name))
    if (coordinates.includes(coordinate)) keys.set(keyOf(node), coordinate);
  if (keys.size === 0) return undefined;
  return (delivered) => {
    const counts = new Map<string, number>();
    for (const [key, coordinate] of keys)
      if ((delivered[key] ?? null) !== null) counts.set(coordinate, (counts.get(coordinate) ?? 0) + 1);
    return counts;
  };
}
