import type { SubgraphError } from '../../request/subgraph-request.ts';

/**
 * Tells whether errors that came beside the null of a field, or of a whole entity, say no more than that the service cannot tell now.
 * A null that no error explains is what the service says.
 */
export function outagesIn(
  errors: readonly SubgraphError[],
  isOutage: (code: unknown) => boolean,
): (index: number, key?: string) => boolean {
  /** By place: whether all errors there are outages. */
  const verdicts = new Map<string, boolean>();
  for (const { path, extensions } of errors) {
    const verdict = isOutage(extensions?.['code']);
    for (const place of placesOf(path)) verdicts.set(place, verdict && verdicts.get(place) !== false);
  }
  const all = (places: readonly string[]) => {
    const found = places.flatMap((place) => verdicts.get(place) ?? []);
    return found.length > 0 && found.every(Boolean);
  };
  return (index, key) => all(key === undefined ? ['', `${index}`] : ['', `${index}.`, `${index}.${key}`]);
}

/** Nowhere in particular; or an entity with all that is in it, and there the entity itself or one of its fields. */
function placesOf([entities, index, key = '']: readonly (string | number)[] = []): readonly string[] {
  return entities === '_entities' && index !== undefined ? [`${index}`, `${index}.${key}`] : [''];
}
