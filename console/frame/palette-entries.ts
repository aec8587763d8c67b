export type PaletteEntry = {
  readonly kind: 'view' | 'type' | 'field' | 'operation' | 'subgraph' | 'request';
  readonly title: string;
  /** Shown at the right instead of the kind. */
  readonly detail?: string;
  readonly link: string;
};

/** Returns the entries without those whose link an earlier one has. */
export function distinctEntries(entries: readonly PaletteEntry[]): readonly PaletteEntry[] {
  const byLink = new Map<string, PaletteEntry>();
  for (const entry of entries) if (!byLink.has(entry.link)) byLink.set(entry.link, entry);
  return [...byLink.values()];
}

/** Returns the entries that contain all words of the text, those that start with it first. */
export function matching(entries: readonly PaletteEntry[], text: string): readonly PaletteEntry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries;
  return entries
    .filter(({ title }) => words.every((word) => title.toLowerCase().includes(word)))
    .map((entry) => ({ entry, rank: rankOf(entry.title.toLowerCase(), words[0] ?? '') }))
    .sort((a, b) => a.rank - b.rank || a.entry.title.length - b.entry.title.length)
    .map(({ entry }) => entry);
}

function rankOf(title: string, word: string): number {
  if (title === word) return 0;
  if (title.startsWith(word)) return 1;
  return title.split('.').some((part) => part.startsWith(word)) ? 2 : 3;
}
