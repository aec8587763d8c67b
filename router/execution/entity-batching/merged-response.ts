import { readOwn } from '../../shared/json.ts';
import type { SubgraphError, SubgraphResponse } from '../../request/subgraph-request.ts';

type ReceivedResponse = Extract<SubgraphResponse, { readonly kind: 'received' }>;

/** The data needed to extract the response to one query from a merged response. */
export type Part = {
  /**
   * Response key of this query's entities in the merged response, such as `e0`. `keys` lists the response
   * keys of all `_entities` fields in the merged response.
   */
  readonly key: string;
  readonly keys: readonly string[];
  /** Number of entities that the merged response must have under `key`. */
  readonly count: number;
  /**
   * For each entity of this query, its index in the list that the merged response has under `key`; undefined
   * if that list contains only entities of this query.
   */
  readonly positions: readonly number[] | undefined;
  /**
   * Returns whether a response key was selected only by other queries for the same entities, so that this
   * query's response must not contain it. The function is undefined if all these queries have the same
   * selection.
   */
  readonly isForeign: ((key: string) => boolean) | undefined;
  /** True if other queries get the same entities, so that none of them may change the data. */
  readonly isShared: boolean;
};

/**
 * Returns whether an entity is null only because of an error in a non-null field that another query for the
 * same entities selects. Sent alone, this query may receive the entity.
 */
export function isSpoiled(
  { data, errors }: ReceivedResponse,
  { key, isForeign }: Pick<Part, 'key' | 'isForeign'>,
): boolean {
  if (isForeign === undefined || errors.length === 0 || data === null) return false;
  const entities: unknown = readOwn(data, key);
  if (!Array.isArray(entities)) return false;
  return errors.some(({ path: [group, position, field] = [] }) => {
    if (group !== key || typeof position !== 'number' || typeof field !== 'string') return false;
    return entities[position] === null && isForeign(field);
  });
}

/** Extracts from a merged response the response that one query would have received alone. */
export function partOf(
  response: ReceivedResponse,
  { key, keys, count, positions, isForeign, isShared }: Part,
): SubgraphResponse {
  const entities: unknown = response.data === null ? null : readOwn(response.data, key);
  // If the subgraph returned the wrong number of entities, it is unknown which representation each belongs
  // to. The query then gets no entities, and its fields become null with an error.
  const isComplete = Array.isArray(entities) && entities.length === count;
  const own = isComplete ? (positions?.map((position): unknown => entities[position]) ?? entities) : null;
  return {
    kind: 'received',
    data: { _entities: own },
    errors: response.errors.flatMap((error) => errorFor(error, { key, keys, positions, isForeign })),
    isShared: isShared || response.isShared === true,
  };
}

type RequestedKeys = Pick<Part, 'key' | 'keys' | 'positions' | 'isForeign'>;

/**
 * Returns a list with the error, its path converted for the response to one query; an empty list if the error
 * concerns only other queries. An error concerns the queries that requested the data at its path; without a
 * known path, it concerns all queries.
 */
function errorFor(
  error: SubgraphError,
  { key, keys, positions, isForeign }: RequestedKeys,
): readonly SubgraphError[] {
  const { path, ...unlocated } = error;
  const [group, position, ...rest] = path ?? [];
  if (typeof group !== 'string' || !keys.includes(group)) return [unlocated];
  if (group !== key) return [];
  if (typeof position !== 'number') return [unlocated];
  const [field] = rest;
  if (typeof field === 'string' && isForeign?.(field) === true) return [];
  const index = positions?.indexOf(position) ?? position;
  return index === -1 ? [] : [{ ...unlocated, path: ['_entities', index, ...rest] }];
}
