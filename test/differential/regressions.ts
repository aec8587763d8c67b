import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { hash } from './random.ts';
import type { Case } from './cases.ts';

const FOLDER = new URL('regressions/', import.meta.url);
const STOCK_FOLDER = new URL('stock/', FOLDER);

/** Cases that were answered wrong once. */
export function readRegressions(): { readonly name: string; readonly case: Case }[] {
  return read(FOLDER);
}

/** Cases that the stock executor answers wrong, whose reason was unknown once. */
export function readUnexplained(): { readonly name: string; readonly case: Case }[] {
  return read(STOCK_FOLDER);
}

/** Keeps a case with what was wrong; returns the name of its file. */
export function keepRegression(found: Case, faults: readonly string[]): string {
  return keep(FOLDER, JSON.stringify(found), { ...found, faults });
}

/** One of an operation is enough. */
export function keepUnexplained(found: Case, faults: readonly string[]): string {
  return keep(STOCK_FOLDER, JSON.stringify([found.subgraphs, found.operation.document]), {
    ...found,
    faults,
  });
}

function read(folder: URL) {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ name, case: JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Case }));
}

function keep(folder: URL, identity: string, found: object): string {
  const name = `${hash(identity).toString(16)}.json`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(name, folder), `${JSON.stringify(found, null, 2)}\n`);
  return name;
}
