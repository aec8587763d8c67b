import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Measures the delay of the event loop until it is disposed. */
export type EventLoopDelay = Disposable & {
  /**
   * Returns the delay in seconds by quantile. If it is called at least every 30 seconds, the values cover the
   * last 30 to 60 seconds.
   */
  readonly quantiles: () => Readonly<Record<string, number>>;
};

/** Interval in milliseconds of the timer whose delay is measured. */
const RESOLUTION_MS = 10;
const WINDOW_MS = 30_000;
const QUANTILES = { '0.5': 50, '0.9': 90, '0.99': 99, '1': 100 } as const;

/**
 * Creates the measurement of the event loop delay. Reading the values does not reset them, so that two
 * readers, such as Prometheus and an OTLP exporter, get the same values.
 */
export function watchEventLoopDelay({ monotonic }: { readonly monotonic: () => number }): EventLoopDelay {
  const current = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  current.enable();
  let since = monotonic();
  let before: Readonly<Record<string, number>> = {};

  function measured(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      Object.entries(QUANTILES).map(([quantile, percentile]) => [
        quantile,
        delayS(percentile === 100 ? current.max : current.percentile(percentile)),
      ]),
    );
  }

  return {
    quantiles() {
      const latest = measured();
      const highest = Object.fromEntries(
        Object.entries(latest).map(([quantile, delay]) => [quantile, Math.max(delay, before[quantile] ?? 0)]),
      );
      if (monotonic() - since >= WINDOW_MS) {
        since = monotonic();
        before = latest;
        current.reset();
      }
      return highest;
    },
    [Symbol.dispose]: () => void current.disable(),
  };
}

/**
 * Converts a measured time to the delay in seconds: subtracts the timer's interval, which the measured time
 * includes.
 */
function delayS(nanoseconds: number): number {
  return Math.max(nanoseconds / 1e6 - RESOLUTION_MS, 0) / 1_000;
}
