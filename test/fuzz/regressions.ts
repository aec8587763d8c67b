import { keepCase, readCases } from '../support/runs/kept-cases.ts';
import type { KeptCase } from '../support/runs/kept-cases.ts';
import type { Case } from './cases.ts';

const FOLDER = new URL('regressions/', import.meta.url);

/** Returns the cases that broke a rule. */
export function readRegressions(): readonly KeptCase<Case>[] {
  return readCases(FOLDER) as KeptCase<Case>[];
}

/** Keeps a case with its faults; returns the name of its file. */
export function keepRegression(found: Case, faults: readonly string[]): string {
  const [fault = 'no fault'] = faults;
  return keepCase(FOLDER, { ...found, faults }, { fault, identity: found });
}
