import { parseExactJson } from '../../../router/shared/exact-json.ts';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { hash } from '../../differential/random.ts';

export type KeptCase<Case = unknown> = { readonly name: string; readonly case: Case };

/** What is kept in a folder, each by the name of its file. */
export function readCases(folder: URL): readonly KeptCase[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ name, case: parseExactJson(readFileSync(new URL(name, folder), 'utf8')) }));
}

/** Keeps a case, one for each `identity`; returns the name of its file. */
export function keepCase(folder: URL, kept: object, identity: unknown): string {
  const name = `${hash(JSON.stringify(identity)).toString(16)}.json`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(name, folder), `${JSON.stringify(kept, null, 2)}\n`);
  return name;
}
