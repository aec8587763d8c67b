import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { assertFile } from '../../router/config/config.ts';
import { CommandError } from '../outcome.ts';

/** The option for the schema of a subgraph. */
export const SCHEMA_OPTION = {
  type: 'string',
  short: 's',
  value: 'FILE',
  description: 'File with the schema of the subgraph; - for stdin.',
} as const;

/**
 * Returns the SDL in a file, or of stdin for `-`.
 * @throws {ConfigError} if there is no such file
 * @throws {CommandError} if it is empty
 */
export async function readSchema(file: string): Promise<string> {
  const sdl = file === '-' ? await text(process.stdin) : readFile(file);
  if (sdl.trim() === '') throw new CommandError('SCHEMA_EMPTY', `${shownFile(file)} contains no schema`);
  return sdl;
}

function readFile(file: string): string {
  assertFile(file, '--schema: ');
  return readFileSync(file, 'utf8');
}

function shownFile(file: string): string {
  return file === '-' ? 'stdin' : file;
}
