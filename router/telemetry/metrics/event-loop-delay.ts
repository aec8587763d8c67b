import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Measures the delay of the event loop until it is disposed. */
export type EventLoopDelay = Disposable & {
  /** Returns the delay in seconds by quantile, of the last 30 to 60 seconds if it is called that often. */
  readonly quantiles: () => Readonly<Record<string, number>>;
};

/** Interval of the timer whose delay is measured. */
const RESOLUTION_MS = 10;
const WINDOW_MS = 30_000;
const QUANTILES = { '0.5': 50, '0.9': 90, '0.99': 99, '1': 100 } as const;

/**
 * Measures the delay of the event loop. A read does not begin a new window by itself, so that two readers,
 * such as Prometheus and an OTLP exporter, get the same values.
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

/** The measured times include the interval of the timer itself. */
function delayS(nanoseconds: number): number {
  return Math.max(nanoseconds / 1e6 - RESOLUTION_MS, 0) / 1_000;
}
