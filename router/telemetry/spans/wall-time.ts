/** Difference in milliseconds between two measurements from which the wall clock was set to another time. */
const CLOCK_CHANGED_MS = 2;

/**
 * Returns a function that converts times of the monotonic clock to milliseconds since 1970. The wall clock is
 * truncated to whole milliseconds, so the largest difference between both clocks is the most exact one.
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
