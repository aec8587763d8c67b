import type { PaletteEntry } from './palette-entries.ts';

/** Reads what can be searched for from the router. */
export async function loadEntries(): Promise<readonly PaletteEntry[]> {
  return [];
}
