import type { SubgraphError } from '../../request/subgraph-request.ts';

/**
 * Returns a function that decides whether a missing entity, or a missing field of an entity, is due to an
 * outage: there are errors for it, and all of them report that the subgraph is down. A null without an error
 * is a regular value.
 */
export function outagesIn(
  errors: readonly SubgraphError[],
  isOutage: (code: unknown) => boolean,
): (index: number, key?: string) => boolean {
  /**
   * For each place with errors, true if all of them report an outage. A place is an entity (`3`), a field of
   * an entity (`3.price`) or the whole response (the empty text).
   */
  const onlyOutages = new Map<string, boolean>();
  for (const { path, extensions } of errors) {
    const outage = isOutage(extensions?.['code']);
    for (const place of placesOf(path)) onlyOutages.set(place, outage && onlyOutages.get(place) !== false);
  }
  const all = (places: readonly string[]) => {
    const found = places.flatMap((place) => onlyOutages.get(place) ?? []);
    return found.length > 0 && found.every(Boolean);
  };
  return (index, key) => all(key === undefined ? ['', `${index}`] : ['', `${index}.`, `${index}.${key}`]);
}

/**
 * Returns the places that an error applies to: an entity (`3`) and its field (`3.price`). An error without an
 * entity in its path applies to the whole response, whose place is the empty text.
 */
function placesOf([entities, index, key = '']: readonly (string | number)[] = []): readonly string[] {
  return entities === '_entities' && index !== undefined ? [`${index}`, `${index}.${key}`] : [''];
}
