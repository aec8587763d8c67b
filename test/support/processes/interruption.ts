import { constants } from 'node:os';

export type Interruption = {
  /**
   * Aborted by the first SIGINT, SIGTERM or SIGHUP: everything started has to stop before the process exits.
   */
  readonly stop: AbortSignal;
  /**
   * Returns the exit code that shells expect of a process ended by a signal; undefined before the first
   * signal.
   */
  readonly exitCode: () => number | undefined;
};

/** Handles signals from now on, instead of exiting. */
export function awaitInterruption(): Interruption {
  const controller = new AbortController();
  let exitCode: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      exitCode ??= 128 + constants.signals[signal];
      controller.abort();
    });
  return { stop: controller.signal, exitCode: () => exitCode };
}
