import { constants } from 'node:os';

export type Interruption = {
  /** Aborted by the first Ctrl-C or the like: what was started has to be stopped before the process ends. */
  readonly stop: AbortSignal;
  /** What shells expect of a process that a signal has ended; undefined while none has come. */
  readonly exitCode: () => number | undefined;
};

/** From here on this process is not ended by such signals. */
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
