import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from '../../test/support/processes/run-program.ts';

export type Core = 'gateway' | 'load';

export type Program = {
  readonly command: readonly [file: string, ...args: string[]];
  readonly core: Core;
  /** File for the output of the program. */
  readonly logFile: string;
  /** Destination of its standard output. Default: the log file. */
  readonly output?: 'ignore';
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly ipc?: boolean;
};

export type RunningProgram = AsyncDisposable & {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly lastError: () => string;
};

const CORES: Readonly<Record<Core, string>> = { gateway: '0', load: '1' };
/** Time to drain before SIGKILL. */
const STOP_WITHIN_MS = 2_000;
const READY_WITHIN_MS = 60_000;

/** Whether gateway and load run on separate cores. */
export function isPinned(): boolean {
  // availableParallelism() would be 1 after this process has been pinned.
  return cpus().length > 1 && findProgram(['taskset']) !== undefined;
}

/** Pins this process and its future children to the core of the load. */
export function pinSelf(): void {
  if (isPinned()) spawnSync('taskset', ['-acp', CORES.load, String(process.pid)], { stdio: 'ignore' });
}

/** Starts a program on its core. It ends when it is disposed of, or with this process. */
export function startProgram({ command, core, logFile, output, env, cwd, ipc }: Program): RunningProgram {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'w');
  const stdio: StdioOptions = ['ignore', output ?? log, log, ...(ipc === true ? ['ipc' as const] : [])];
  const [file = '', ...args] = [...exitWithParent(), ...pin(core), ...command];
  const child = spawn(file, args, {
    stdio,
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  closeSync(log);
  return {
    pid: child.pid ?? 0,
    child,
    lastError: () => errorLineOf(readFileSync(logFile, 'utf8')),
    [Symbol.asyncDispose]: () => stop(child),
  };
}

/**
 * Starts a program and waits until `isServing` returns true.
 * @throws {Error} with the last error of the program if it exits before
 */
export async function startAndWait(
  program: Program,
  isServing: () => Promise<boolean>,
): Promise<RunningProgram> {
  await using starting = new AsyncDisposableStack();
  const running = starting.use(startProgram(program));
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await isServing().catch(() => false))) {
    const { exitCode, signalCode } = running.child;
    if (exitCode !== null || signalCode !== null)
      throw new Error(`exited with ${exitCode ?? signalCode}: ${running.lastError()}`);
    if (performance.now() > deadline)
      throw new Error(`not ready within ${READY_WITHIN_MS / 1000} s: ${running.lastError()}`);
    await delay(50);
  }
  starting.move();
  return running;
}

// The kernel kills the child when this process dies, even by SIGKILL.
function exitWithParent(): readonly string[] {
  return findProgram(['setpriv']) === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL'];
}

function pin(core: Core): readonly string[] {
  return isPinned() ? ['taskset', '-c', CORES[core]] : [];
}

// After an uncaught error the last line is a stack frame or the version of Node; the message is more useful.
function errorLineOf(text: string): string {
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
