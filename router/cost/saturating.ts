/**
 * Adds counts, up to at most 2^53 - 1. Without that limit, a count that lost precision or became Infinity and
 * then NaN would make the largest operation the cheapest (GHSA-84m6-5m72-45fp).
 */

export function add(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}

export function multiply(a: number, b: number): number {
  return Math.min(a * b, Number.MAX_SAFE_INTEGER);
}
