/**
 * Adds two numbers. The result is at most 2^53 - 1: larger sums would lose precision, and an infinite sum
 * times 0 would be NaN. In Apollo Router, the overflow of a counter let operations bypass the limits
 * (GHSA-84m6-5m72-45fp).
 */
export function add(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}

/** Multiplies two numbers. The result is at most 2^53 - 1. */
export function multiply(a: number, b: number): number {
  return Math.min(a * b, Number.MAX_SAFE_INTEGER);
}
