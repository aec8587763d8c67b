/**
 * Adds two numbers, up to at most 2^53 - 1. Larger sums would lose precision or become NaN, which is no cost.
 * An overflow let operations bypass the limits of Apollo Router (GHSA-84m6-5m72-45fp).
 */
export function add(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}

/** Multiplies two numbers, up to at most 2^53 - 1. */
export function multiply(a: number, b: number): number {
  return Math.min(a * b, Number.MAX_SAFE_INTEGER);
}
