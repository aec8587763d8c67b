import { keepCase, readCases } from '../support/runs/kept-cases.ts';
import type { KeptCase } from '../support/runs/kept-cases.ts';
import type { Case } from './cases.ts';

const FOLDER = new URL('regressions/', import.meta.url);
const STOCK_FOLDER = new URL('stock/', FOLDER);

/** Cases in which the router was wrong once. */
export function readRegressions(): readonly KeptCase<Case>[] {
  return readCases(FOLDER) as KeptCase<Case>[];
}

/** Cases in which the stock executor is wrong, for a reason that was unknown when they were found. */
export function readUnexplained(): readonly KeptCase<Case>[] {
  return readCases(STOCK_FOLDER) as KeptCase<Case>[];
}

/** Keeps a case with what was wrong; returns the name of its file. */
export function keepRegression(found: Case, faults: readonly string[]): string {
  return keepCase(FOLDER, { ...found, faults }, { fault: kindOf(faults), identity: found });
}

/** The same for the stock executor; one case of each operation is enough. */
export function keepUnexplained(found: Case, faults: readonly string[]): string {
  const identity = [found.subgraphs, found.operation.document];
  return keepCase(STOCK_FOLDER, { ...found, faults }, { fault: kindOf(faults), identity });
}

const KINDS: readonly (readonly [fault: RegExp, kind: string])[] = [
  [/ is null without an error$/, 'null without error'],
  [/ which is no place of the answer$/, 'error at wrong path'],
  [/^the error "required /, 'wrong required fields'],
  [/^the error "\S+ is absent from /, 'absent field'],
  [/^the error "\S+ has no such key here" /, 'unknown key'],
  [/^the error "No service delivers /, 'no service for field'],
  [/ has no reason$/, 'needless error'],
  [/ and should be /, 'wrong value'],
  [/^it was rejected: /, 'rejected'],
];

/** The kind of the first fault, without the names and values of its case. */
function kindOf([first = 'no fault']: readonly string[]): string {
  return KINDS.find(([fault]) => fault.test(first))?.[1] ?? first;
}
