import type { UsedCoordinates } from './signature/used-coordinates.ts';

/**
 * Requests of operations that are not recorded one by one, because there is no room for them. Only the schema
 * coordinates that they use are counted, so that a field which only these operations use does not look
 * unused. The number of coordinates is bounded by the schema.
 */
export type UnlistedUsage = {
  requests: number;
  errors: number;
  /** Number of requests that use each schema coordinate, such as `Query.book`. */
  readonly coordinates: Map<string, number>;
};

export function noUnlistedUsage(): UnlistedUsage {
  return { requests: 0, errors: 0, coordinates: new Map() };
}

/**
 * Adds the requests of an operation, which is not recorded by itself, to the counts of the schema coordinates
 * that it uses.
 */
export function addUnlisted(
  sum: UnlistedUsage,
  used: UsedCoordinates,
  { requests, errors }: { readonly requests: number; readonly errors: number },
): void {
  sum.requests += requests;
  sum.errors += errors;
  for (const list of [used.fields, used.arguments, used.inputFields, used.enumValues])
    for (const coordinate of list)
      sum.coordinates.set(coordinate, (sum.coordinates.get(coordinate) ?? 0) + requests);
}

export function mergeUnlisted(sum: UnlistedUsage, added: UnlistedUsage): void {
  sum.requests += added.requests;
  sum.errors += added.errors;
  for (const [coordinate, requests] of added.coordinates)
    sum.coordinates.set(coordinate, (sum.coordinates.get(coordinate) ?? 0) + requests);
}
