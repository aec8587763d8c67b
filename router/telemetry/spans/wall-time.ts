/**
 * If the difference between wall clock and monotonic clock falls by more than this many milliseconds, the
 * wall clock was set back.
 */
const CLOCK_CHANGED_MS = 2;

/**
 * Creates a function that measures the difference of the two clocks and returns the conversion from times of
 * the monotonic clock to milliseconds since 1970. All times of one request need the same conversion:
 * otherwise a span could end after the span that contains it.
 *
 * The wall clock is truncated to whole milliseconds, so a measured difference is too small by up to 1 ms. The
 * conversion therefore adds the largest difference that was measured.
 */
export function createWallTime(clocks: {
  readonly now: () => number;
  readonly monotonic: () => number;
}): () => (time: number) => number {
  let offset = -Infinity;
  return () => {
    const current = clocks.now() - clocks.monotonic();
    if (current > offset || current < offset - CLOCK_CHANGED_MS) offset = current;
    const measured = offset;
    return (time) => time + measured;
  };
}
