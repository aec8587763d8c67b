/** The representations of several queries in one sorted list without duplicates. */
export type United = {
  readonly representations: readonly string[];
  /**
   * For each query, the indices of its own representations in `representations`; undefined if there is only
   * one query.
   */
  readonly positions: readonly (readonly number[] | undefined)[];
};

/**
 * Merges the representations of several queries into one sorted list without duplicates.
 * @param lists the representations of each query, sorted by code units and without duplicates. A single list
 * may have any order, because it is returned as it is.
 */
export function uniteRepresentations(lists: readonly (readonly string[])[]): United {
  const [first = [], ...others] = lists;
  if (others.length === 0) return { representations: first, positions: [undefined] };
  const representations: string[] = [];
  const positions = lists.map((): number[] => []);
  for (let least = leastOf(lists, positions); least !== undefined; least = leastOf(lists, positions)) {
    // `own` has one index for each merged representation of the query. `own.length` is therefore the index of
    // the query's next representation in its list.
    for (const [query, own] of positions.entries())
      if (lists[query]?.[own.length] === least) own.push(representations.length);
    representations.push(least);
  }
  return { representations, positions };
}

function leastOf(
  lists: readonly (readonly string[])[],
  positions: readonly (readonly number[])[],
): string | undefined {
  let least: string | undefined;
  for (const [query, list] of lists.entries()) {
    const next = list[positions[query]?.length ?? 0];
    if (next !== undefined && (least === undefined || next < least)) least = next;
  }
  return least;
}

/**
 * Returns the index in `list` of each of the given representations; undefined if the list lacks one of them.
 * Both lists are sorted by code units and have no duplicates.
 */
export function positionsIn(
  list: readonly string[],
  representations: readonly string[],
): readonly number[] | undefined {
  if (representations.length > list.length) return undefined;
  const positions: number[] = [];
  for (const [at, text] of list.entries()) {
    const next = representations[positions.length];
    if (next === undefined) break;
    if (text === next) positions.push(at);
    // The list is sorted and `text` is greater than `next`, so the list does not contain `next`.
    else if (text > next) return undefined;
  }
  return positions.length === representations.length ? positions : undefined;
}
