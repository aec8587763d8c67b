/**
 * Returns the known name that is most similar to a misspelt one, for "did you mean" messages; undefined if
 * none is similar.
 */
export function closestName(name: string, known: Iterable<string>): string | undefined {
  const [best] = [...known]
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(name.length, candidate.length) * 0.4)
    .sort((a, b) => a.distance - b.distance);
  return best?.candidate;
}

/** Returns the Levenshtein distance of two names: the number of characters to insert, delete or replace. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, char] of Array.from(from).entries()) {
    const current = [row + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const substituted = (previous[column] ?? 0) + (char === other ? 0 : 1);
      current.push(Math.min(substituted, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
