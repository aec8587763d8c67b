export const SUBGRAPH_COLOURS = 8;

/**
 * Returns the number of the colour of each subgraph, by sorted name: `var(--subgraph-N)` in
 * styles/colours.css. The same in every view; always shown beside the name.
 */
export function subgraphColours(names: Iterable<string>): ReadonlyMap<string, number> {
  return new Map([...new Set(names)].sort().map((name, index) => [name, index % SUBGRAPH_COLOURS]));
}
