/** Starts a timer that runs an action once. Disposing the result cancels it. */
export type Schedule = (action: () => void, delayMs: number) => Disposable;

/** Starts timers that do not keep the process running. */
export const scheduleTimer: Schedule = (action, delayMs) => setTimeout(action, delayMs).unref();

/**
 * Maximum time in milliseconds for which a process that ends waits until its last spans or metrics are sent.
 */
const MAX_FLUSH_MS = 2_000;

/**
 * Waits until the last spans or metrics are sent to the collector, or a short time limit expires. A collector
 * that is down or slow must not delay the end of the process. An export error is ignored here, because the
 * exporter has already logged it.
 */
export function withinFlushTime(flushed: Promise<void>, schedule: Schedule): Promise<void> {
  return new Promise((resolve) => {
    const timer = schedule(resolve, MAX_FLUSH_MS);
    const settle = () => {
      timer[Symbol.dispose]();
      resolve();
    };
    flushed.then(settle, settle);
  });
}
