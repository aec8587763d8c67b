import { readFile } from 'node:fs/promises';
import { codeOrMessageOf } from '../shared/error-message.ts';

/**
 * Reads a file that is part of the supergraph.
 * @throws {Error} with a message that names the file.
 */
export async function readTextFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(problemOf(path, codeOrMessageOf(error)), { cause: error });
  }
}

function problemOf(path: string, code: string): string {
  if (code === 'ENOENT') return `file not found: ${path}`;
  if (code === 'EISDIR') return `expected a file, but ${path} is a directory`;
  return `cannot read ${path} (${code})`;
}
