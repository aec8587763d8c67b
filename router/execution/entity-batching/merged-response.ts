import { readOwn } from '../../shared/json.ts';
import type { SubgraphError, SubgraphResponse } from '../../request/subgraph-request.ts';

type ReceivedResponse = Extract<SubgraphResponse, { readonly kind: 'answered' }>;

/** What of a merged answer is for one of its queries. */
export type Part = {
  /** The response key of its selection, and those of all. */
  readonly key: string;
  readonly keys: readonly string[];
  /** Where the answer has the entity of a representation. */
  readonly positions: ReadonlyMap<string, number>;
  /** Those of this query. */
  readonly representations: readonly string[];
  /** Other queries have the same selection. */
  readonly isShared: boolean;
};

/** The answer as the query would have got it alone. */
export function partOf(
  answer: ReceivedResponse,
  { key, keys, positions, representations, isShared }: Part,
): SubgraphResponse {
  const own = representations.map((text) => positions.get(text) ?? 0);
  const entities: unknown = answer.data === null ? null : readOwn(answer.data, key);
  // Another number of them does not tell which entity is whose.
  const isComplete = Array.isArray(entities) && entities.length === positions.size;
  return {
    kind: 'answered',
    data: { _entities: isComplete ? own.map((position): unknown => entities[position]) : null },
    errors: answer.errors.flatMap((error) => errorFor(error, { key, keys, own })),
    isShared: isShared || answer.isShared === true,
  };
}

type RequestedKeys = {
  readonly key: string;
  readonly keys: readonly string[];
  readonly own: readonly number[];
};

/** An error with a path belongs to those who asked what it is about; one without, or with a path that there is not, to all. */
function errorFor(error: SubgraphError, { key, keys, own }: RequestedKeys): readonly SubgraphError[] {
  const { path, ...unlocated } = error;
  const [group, position, ...rest] = path ?? [];
  if (typeof group !== 'string' || !keys.includes(group)) return [unlocated];
  if (group !== key) return [];
  if (typeof position !== 'number') return [unlocated];
  const index = own.indexOf(position);
  return index === -1 ? [] : [{ ...unlocated, path: ['_entities', index, ...rest] }];
}
