/** Returns a number with its noun: `1 call`, `1,234 calls`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${numeral(count)} ${count === 1 ? singular : plural}`;
}

/** Returns a number with separators of thousands. */
export function numeral(count: number): string {
  return count.toLocaleString('en');
}

/** Returns a time without seconds, in UTC. */
export function shownTime(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
}

/** Returns the first texts of a list, and how many more there are. */
export function listed(texts: readonly string[], most = 3): string {
  const rest = texts.length - most;
  return rest > 0 ? `${texts.slice(0, most).join(', ')} and ${numeral(rest)} more` : texts.join(', ');
}
