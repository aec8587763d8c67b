/**
 * If the difference between wall clock and monotonic clock falls by more than this many milliseconds, the
 * wall clock was set back.
 */
const CLOCK_CHANGED_MS = 2;

/**
 * Creates the function that converts times of the monotonic clock to milliseconds since 1970, by the
 * difference of the two clocks. It uses the largest difference that was measured: the wall clock is truncated
 * to whole milliseconds, so the largest one is the most exact.
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
