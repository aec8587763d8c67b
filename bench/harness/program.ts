import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from '../../test/support/run-program.ts';

export type Core = 'gateway' | 'load';

export type Program = {
  readonly command: readonly [file: string, ...args: string[]];
  readonly core: Core;
  /** Takes what the program writes. */
  readonly logFile: string;
  /** Where its standard output goes. Default: the log file. */
  readonly output?: 'ignore';
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly ipc?: boolean;
};

export type RunningProgram = AsyncDisposable & {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly lastWords: () => string;
};

const CORES: Readonly<Record<Core, string>> = { gateway: '0', load: '1' };
/** What a gateway still works on then, nobody waits for. */
const STOP_WITHIN_MS = 2_000;

/** Whether gateway and load have a core each. */
export function isPinned(): boolean {
  // Not availableParallelism(): that is 1 once this process has been put on a core itself.
  return cpus().length > 1 && findProgram(['taskset']) !== undefined;
}

/** Puts this process, and what it starts from now on, on the core of the load. */
export function pinSelf(): void {
  if (isPinned()) spawnSync('taskset', ['-acp', CORES.load, String(process.pid)], { stdio: 'ignore' });
}

/** Starts a program on its core. Disposing stops it; it does not outlive this process either. */
export function startProgram({ command, core, logFile, output, env, cwd, ipc }: Program): RunningProgram {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'w');
  const stdio: StdioOptions = ['ignore', output ?? log, log, ...(ipc === true ? ['ipc' as const] : [])];
  const [file = '', ...args] = [...leash(), ...pin(core), ...command];
  const child = spawn(file, args, {
    stdio,
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  closeSync(log);
  return {
    pid: child.pid ?? 0,
    child,
    lastWords: () => lastWordsIn(readFileSync(logFile, 'utf8')),
    [Symbol.asyncDispose]: () => stop(child),
  };
}

/** Waits until `answers` gives true. @throws {Error} with its last words when the program ends before */
export async function untilReady(
  program: RunningProgram,
  answers: () => Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await answers().catch(() => false))) {
    const { exitCode, signalCode } = program.child;
    if (exitCode !== null || signalCode !== null) {
      throw new Error(`it ended with ${exitCode ?? signalCode}: ${program.lastWords()}`);
    }
    if (performance.now() > deadline) {
      throw new Error(`it did not answer within ${withinMs / 1000} s: ${program.lastWords()}`);
    }
    await delay(50);
  }
}

// Killed with us, even when we had no time to stop it ourselves.
function leash(): readonly string[] {
  return findProgram(['setpriv']) === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL'];
}

function pin(core: Core): readonly string[] {
  return isPinned() ? ['taskset', '-c', CORES[core]] : [];
}

// The last line of an error that nobody caught is a stack frame or Node's version: the message is what helps.
function lastWordsIn(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exited;
  clearTimeout(killer);
}
