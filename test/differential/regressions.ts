import { keepCase, readCases } from '../support/runs/kept-cases.ts';
import type { KeptCase } from '../support/runs/kept-cases.ts';
import type { Case } from './cases.ts';

const FOLDER = new URL('regressions/', import.meta.url);
const STOCK_FOLDER = new URL('stock/', FOLDER);

/** Returns the cases in which the router was wrong. */
export function readRegressions(): readonly KeptCase<Case>[] {
  return readCases(FOLDER) as KeptCase<Case>[];
}

/**
 * Returns the cases in which the stock executor is wrong, for a reason that was unknown when they were found.
 */
export function readUnexplained(): readonly KeptCase<Case>[] {
  return readCases(STOCK_FOLDER) as KeptCase<Case>[];
}

/** Keeps a case with its faults; returns the name of its file. */
export function keepRegression(found: Case, faults: readonly string[]): string {
  return keepCase(FOLDER, { ...found, faults }, { fault: kindOf(faults), identity: found });
}

/** Keeps a case of the stock executor; one case of each operation is enough. */
export function keepUnexplained(found: Case, faults: readonly string[]): string {
  const identity = [found.subgraphs, found.operation.document];
  return keepCase(STOCK_FOLDER, { ...found, faults }, { fault: kindOf(faults), identity });
}

const KINDS: readonly (readonly [fault: RegExp, kind: string])[] = [
  [/ is null without an error$/, 'null without error'],
  [/ which is not in the response$/, 'error at wrong path'],
  [/^the error "required /, 'wrong required fields'],
  [/^the error "\S+ is absent from /, 'absent field'],
  [/^the error "\S+ has no such key here" /, 'unknown key'],
  [/^the error "No service delivers /, 'no service for field'],
  [/ has no reason$/, 'needless error'],
  [/ and should be /, 'wrong value'],
  [/^it was rejected: /, 'rejected'],
];

/** Returns the kind of the first fault, without the names and values of its case. */
function kindOf([first = 'no fault']: readonly string[]): string {
  return KINDS.find(([fault]) => fault.test(first))?.[1] ?? first;
}
