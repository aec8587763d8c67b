/** Runs an action once after a delay; disposing the result cancels it. */
export type Schedule = (action: () => void, delayMs: number) => Disposable;

/** Schedules actions with timers that do not keep the process alive. */
export const scheduleTimer: Schedule = (action, delayMs) => setTimeout(action, delayMs).unref();
