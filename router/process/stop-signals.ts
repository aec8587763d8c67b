import { constants } from 'node:os';

export const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Ends this process as the signal does that no function handles. The kernel ignores such a signal for the
 * first process of a container, so that process exits with the same code instead.
 */
export function endAtOnce(signal: NodeJS.Signals): void {
  if (isFirstProcess()) process.exit(128 + constants.signals[signal]);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/**
 * Makes signals to stop end the first process of a container while it starts. Must be called before the
 * router's modules are loaded. Any other process ends without it. The function that handles the signals later
 * must remove `endAtOnce` from them.
 */
export function endAtOnceWhileStarting(): void {
  if (isFirstProcess()) for (const signal of STOP_SIGNALS) process.on(signal, endAtOnce);
}

function isFirstProcess(): boolean {
  return process.pid === 1;
}
