/** Starts a timer that runs an action once. Disposing the result cancels it. */
export type Schedule = (action: () => void, delayMs: number) => Disposable;

/** Creates timers that do not keep the process running. */
export const scheduleTimer: Schedule = (action, delayMs) => setTimeout(action, delayMs).unref();

/** Maximum time in milliseconds that the end of the process waits for the last spans or metrics. */
const MAX_FLUSH_MS = 2_000;

/**
 * Waits for the last export to a collector, but not for long. A collector that is down or slow must not delay
 * the end of the process. Its failure was already reported.
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
