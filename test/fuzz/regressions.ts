import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { hash } from '../differential/random.ts';
import type { Case } from './cases.ts';

const FOLDER = new URL('regressions/', import.meta.url);

/** Cases that broke a rule once. */
export function readRegressions(): { readonly name: string; readonly case: Case }[] {
  mkdirSync(FOLDER, { recursive: true });
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ name, case: JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Case }));
}

/** Keeps a case with what was wrong; returns the name of its file. */
export function keepRegression(found: Case, faults: readonly string[]): string {
  const name = `${hash(JSON.stringify(found)).toString(16)}.json`;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(new URL(name, FOLDER), `${JSON.stringify({ ...found, faults }, null, 2)}\n`);
  return name;
}
