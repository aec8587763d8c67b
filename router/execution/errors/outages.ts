import type { SubgraphError } from '../../request/subgraph-request.ts';

/**
 * Returns a function that decides whether the errors of an entity, or of one of its fields, only report that
 * the service is down. A null without an error is a regular value.
 */
export function outagesIn(
  errors: readonly SubgraphError[],
  isOutage: (code: unknown) => boolean,
): (index: number, key?: string) => boolean {
  /** By place: true if all errors there report an outage. */
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
 * Returns the places of an error: the empty text for an error without an entity, otherwise the entity and the
 * entity with the field.
 */
function placesOf([entities, index, key = '']: readonly (string | number)[] = []): readonly string[] {
  return entities === '_entities' && index !== undefined ? [`${index}`, `${index}.${key}`] : [''];
}
