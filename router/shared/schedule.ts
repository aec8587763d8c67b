/** Starts a timer that calls a function once. Disposing the returned object cancels the timer. */
export type Schedule = (action: () => void, delayMs: number) => Disposable;

/** Starts timers that do not keep the process running. */
export const scheduleTimer: Schedule = (action, delayMs) => setTimeout(action, delayMs).unref();

/**
 * Maximum time in milliseconds that the process, before it ends, waits until its last spans or metrics are
 * sent.
 */
const MAX_FLUSH_MS = 2_000;

/**
 * Waits until the last spans or metrics are sent to the collector, but only for a short time, so that a slow
 * collector does not delay the end of the process. An export error is ignored, because the exporter has
 * already logged it.
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
