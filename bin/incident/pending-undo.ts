import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const changeSchema = z.object({ kind: z.literal('file'), file: z.string(), text: z.string() });

/** A file, and its content before an incident. */
export type ChangedFile = z.infer<typeof changeSchema>;

const nameIn = (folder: string) => join(folder, 'incident-undo.json');

/**
 * Keeps the content of a file on disk until it is written back, also by the next run if this one is killed.
 * Returns the function that writes it back.
 */
export function keepUndo(folder: string, change: ChangedFile): () => void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(nameIn(folder), JSON.stringify(change));
  return () => void undoPending(folder);
}

/** Writes back what an earlier incident has left. Returns the file; undefined if there is none. */
export function undoPending(folder: string): string | undefined {
  const kept = nameIn(folder);
  if (!existsSync(kept)) return undefined;
  const { file, text } = changeSchema.parse(JSON.parse(readFileSync(kept, 'utf8')));
  writeFileSync(file, text);
  rmSync(kept);
  return file;
}
