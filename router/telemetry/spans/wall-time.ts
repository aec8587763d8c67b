/**
 * Difference in milliseconds between two measurements of the clocks' offset at which the wall clock is
 * considered to have been set to another time.
 */
const CLOCK_CHANGED_MS = 2;

/**
 * Creates the function that converts times of the monotonic clock to milliseconds since 1970. It uses the
 * largest measured difference between the two clocks as their offset: the wall clock is truncated to whole
 * milliseconds, so the largest difference is the most exact one.
 */
export function createWallTime(clocks: {
  readonly now: () => number;
  readonly monotonic: () => number;
}): (time: number) => number {
  let offset = -Infinity;
  return (time) => {
    const current = clocks.now() - clocks.monotonic();
    if (current > offset || current < offset - CLOCK_CHANGED_MS) offset = current;
    return time + offset;
  };
}
