import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

export type Pauses = { readonly pausedMs: number; readonly runningMs: number };

// Continues the process also if this one is killed: the end of the pipe ends `read`.
const GUARD = 'read -r _; kill -s CONT "$1"';

/** Pauses a process again and again, so that it responds slowly. Disposing lets it run. */
export function pauseRepeatedly(pid: number, { pausedMs, runningMs }: Pauses): AsyncDisposable {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Ctrl-C must not end it before its work.
    detached: true,
  });
  const guardEnded = once(guard, 'exit');
  const controller = new AbortController();
  const { signal } = controller;
  const pause = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);

  async function run(): Promise<void> {
    while (!signal.aborted) {
      process.kill(pid, 'SIGSTOP');
      await pause(pausedMs);
      process.kill(pid, 'SIGCONT');
      await pause(runningMs);
    }
  }

  // The process may end by itself.
  const ended = run().catch(() => undefined);
  return {
    async [Symbol.asyncDispose]() {
      controller.abort();
      await ended;
      guard.stdin.end();
      await guardEnded;
    },
  };
}
