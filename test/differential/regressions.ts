import { keepCase, readCases } from '../support/runs/kept-cases.ts';
import type { KeptCase } from '../support/runs/kept-cases.ts';
import type { Case } from './cases.ts';

const FOLDER = new URL('regressions/', import.meta.url);
const STOCK_FOLDER = new URL('stock/', FOLDER);

/** Cases that were answered wrong once. */
export function readRegressions(): readonly KeptCase<Case>[] {
  return readCases(FOLDER) as KeptCase<Case>[];
}

/** Cases that the stock executor answers wrong, whose reason was unknown once. */
export function readUnexplained(): readonly KeptCase<Case>[] {
  return readCases(STOCK_FOLDER) as KeptCase<Case>[];
}

/** Keeps a case with what was wrong; returns the name of its file. */
export function keepRegression(found: Case, faults: readonly string[]): string {
  return keepCase(FOLDER, { ...found, faults }, found);
}

/** One of an operation is enough. */
export function keepUnexplained(found: Case, faults: readonly string[]): string {
  return keepCase(STOCK_FOLDER, { ...found, faults }, [found.subgraphs, found.operation.document]);
}
