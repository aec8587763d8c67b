import { readOwn } from '../../shared/json.ts';
import type { SubgraphError, SubgraphResponse } from '../../request/subgraph-request.ts';

type ReceivedResponse = Extract<SubgraphResponse, { readonly kind: 'received' }>;

/** The data needed to extract the response to one query from a merged response. */
export type Part = {
  /** Response key of this query's selection. `keys` has the response keys of all selections. */
  readonly key: string;
  readonly keys: readonly string[];
  /** Maps each representation to the index of its entity in the response. */
  readonly positions: ReadonlyMap<string, number>;
  /** Representations of this query. */
  readonly representations: readonly string[];
  /** True if other queries have the same selection. */
  readonly isShared: boolean;
};

/** Returns the response that the query would have received alone. */
export function partOf(
  response: ReceivedResponse,
  { key, keys, positions, representations, isShared }: Part,
): SubgraphResponse {
  const own = representations.map((text) => positions.get(text) ?? 0);
  const entities: unknown = response.data === null ? null : readOwn(response.data, key);
  // With a wrong number of entities, it is unknown which representation an entity belongs to. The query then
  // gets no entities, and its fields become null with an error.
  const isComplete = Array.isArray(entities) && entities.length === positions.size;
  return {
    kind: 'received',
    data: { _entities: isComplete ? own.map((position): unknown => entities[position]) : null },
    errors: response.errors.flatMap((error) => errorFor(error, { key, keys, own })),
    isShared: isShared || response.isShared === true,
  };
}

type RequestedKeys = {
  readonly key: string;
  readonly keys: readonly string[];
  readonly own: readonly number[];
};

/**
 * Returns the error with the path that it has in the response to one query; empty if it concerns only other
 * queries. An error with a path concerns the queries that requested the entity at the path. An error without
 * a path, or with an unknown one, concerns all queries.
 */
function errorFor(error: SubgraphError, { key, keys, own }: RequestedKeys): readonly SubgraphError[] {
  const { path, ...unlocated } = error;
  const [group, position, ...rest] = path ?? [];
  if (typeof group !== 'string' || !keys.includes(group)) return [unlocated];
  if (group !== key) return [];
  if (typeof position !== 'number') return [unlocated];
  const index = own.indexOf(position);
  return index === -1 ? [] : [{ ...unlocated, path: ['_entities', index, ...rest] }];
}
