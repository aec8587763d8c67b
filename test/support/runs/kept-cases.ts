import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { parseExactJson } from '../../../router/shared/exact-json.ts';
import { hash } from '../../differential/random.ts';

export type KeptCase<Case = unknown> = { readonly name: string; readonly case: Case };

/** Returns the cases in a folder, each with the name of its file. */
export function readCases(folder: URL): readonly KeptCase[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ name, case: parseExactJson(readFileSync(new URL(name, folder), 'utf8')) }));
}

type CaseName = {
  /** A short description of the fault. */
  readonly fault: string;
  /** Cases with the same identity share a file. */
  readonly identity: unknown;
};

/** Writes a case to `FAULT-HASH.json`, with the hash of its identity; returns the name of the file. */
export function keepCase(folder: URL, kept: object, { fault, identity }: CaseName): string {
  const suffix = `-${hash(JSON.stringify(identity)).toString(16)}.json`;
  mkdirSync(folder, { recursive: true });
  const name = readdirSync(folder).find((file) => file.endsWith(suffix)) ?? `${slugOf(fault)}${suffix}`;
  writeFileSync(new URL(name, folder), `${JSON.stringify(kept, null, 2)}\n`);
  return name;
}

const MAX_WORDS = 6;

/** Returns the first words of a text, as part of a file name. */
function slugOf(text: string): string {
  const words = text.toLowerCase().match(/[a-z][a-z\d]*/g) ?? ['fault'];
  return words.slice(0, MAX_WORDS).join('-');
}
