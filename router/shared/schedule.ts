/** Runs an action once, later; disposing the result before that calls it off. */
export type Schedule = (action: () => void, delayMs: number) => Disposable;

/** Timers that do not keep the process alive. */
export const scheduleTimer: Schedule = (action, delayMs) => setTimeout(action, delayMs).unref();
