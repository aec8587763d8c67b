/** Starts a timer that runs an action once. Disposing the result cancels it. */
export type Schedule = (action: () => void, delayMs: number) => Disposable;

/** Creates timers that do not keep the process running. */
export const scheduleTimer: Schedule = (action, delayMs) => setTimeout(action, delayMs).unref();
