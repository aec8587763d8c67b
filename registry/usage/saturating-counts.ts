/**
 * Maximum of a stored count. Sums end at it: if a wrong count of one router made them overflow, all later
 * batches with the operation would be rejected.
 */
export const MAX_COUNT = Number.MAX_SAFE_INTEGER;

export function addCounts(a: number, b: number): number {
  return Math.min(a + b, MAX_COUNT);
}
