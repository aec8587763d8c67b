import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { childrenOf, isRunning } from '../support/processes/process-tree.ts';
import { until } from '../support/time/until.ts';

const TIMEOUT_MS = 180_000;
// A router whose parent is gone still waits for its requests.
const ENDING_MS = 60_000;

it(
  'an interrupted run stops everything, reports what it has recorded and exits with 130',
  async () => {
    await using run = startRun();
    await run.isUp();
    const processes = run.processes();
    expect(processes.length).toBeGreaterThan(7);
    // Ctrl-C sends SIGINT to all processes of the terminal.
    process.kill(-run.pid, 'SIGINT');
    expect(await run.exitCode).toBe(130);
    expect(run.output()).toContain('A mutation is delivered at most once');
    expect(run.output()).toMatch(/^\d+ requests, \d+ faults, 0 violations$/m);
    expect(processes.filter(isRunning)).toEqual([]);
  },
  TIMEOUT_MS,
);

it(
  'a run that is killed leaves no process behind',
  async () => {
    await using run = startRun();
    await run.isUp();
    const processes = run.processes();
    expect(processes.length).toBeGreaterThan(7);
    process.kill(run.pid, 'SIGKILL');
    await run.exitCode;
    await until(() => !processes.some(isRunning), ENDING_MS);
    expect(processes.filter(isRunning)).toEqual([]);
  },
  TIMEOUT_MS,
);

function startRun() {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-interrupted-'));
  const program = join(import.meta.dirname, 'run.ts');
  const child = spawn(process.execPath, [program, '--minutes', '5', '--seed', 'interrupted'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('the run cannot be started');
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const exitCode = once(child, 'exit').then(([code]): unknown => code);
  return {
    pid,
    exitCode,
    output: () => text,
    async isUp() {
      if (!(await until(() => text.includes('are up'), TIMEOUT_MS))) throw new Error(`it is not up: ${text}`);
    },
    processes: () => descendantsOf(pid),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exitCode;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function descendantsOf(pid: number): readonly number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}
