import { rootFieldsOf } from '../shared/graphql/root-fields.ts';
import type { DeliveredData, DeliveredOperation } from './actual-cost.ts';

/** Returns how many values an operation has returned for each field, by coordinate. */
export type DeliveredCalls = (delivered: DeliveredData) => ReadonlyMap<string, number>;

/**
 * Compiles the function that counts the root fields which have returned a value other than null. Returns
 * undefined if the operation selects none of the given fields.
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
