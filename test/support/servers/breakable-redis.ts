import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { findProgram } from '../processes/run-program.ts';
import { until } from '../time/until.ts';

/** A Redis for one test, which the test can kill, freeze and restart on the same port. */
export type BreakableRedis = AsyncDisposable & {
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Stops responding and leaves connections open. */
  freeze(): void;
  thaw(): void;
};

const TIMEOUT_MS = 10_000;

// Reads the other end of the pipe: if this process exits without stopping the server, the shell kills it,
// even if it is frozen.
const GUARD = 'read -r _; kill -s KILL "$1"';

/** Returns a Redis that is not running yet. */
export async function createBreakableRedis(): Promise<BreakableRedis> {
  const program = findProgram(['redis-server', 'valkey-server']);
  if (program === undefined) throw new Error('this test needs redis-server or valkey-server on the machine');
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let server: ChildProcess | undefined;
  let guard: ChildProcess | undefined;

  async function kill(): Promise<void> {
    const running = server;
    server = undefined;
    if (running === undefined) return;
    const processes = guard === undefined ? [running] : [running, guard];
    const exited = Promise.all(processes.map((child) => once(child, 'exit')));
    running.kill('SIGKILL');
    await exited;
  }

  return {
    url,
    kill,
    async start() {
      server = spawn(program, ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
        stdio: 'ignore',
        // Ctrl-C signals only the test.
        detached: true,
      });
      const guarding = spawn('/bin/sh', ['-c', GUARD, 'sh', String(server.pid)], {
        stdio: ['pipe', 'ignore', 'ignore'],
        detached: true,
      });
      guard = guarding;
      server.once('exit', () => guarding.kill('SIGKILL'));
      if (!(await until(() => isUp(url), TIMEOUT_MS))) throw new Error('redis-server does not respond');
    },
    freeze: () => void server?.kill('SIGSTOP'),
    thaw: () => void server?.kill('SIGCONT'),
    [Symbol.asyncDispose]: kill,
  };
}

/** Returns a running Redis. */
export async function startBreakableRedis(): Promise<BreakableRedis> {
  const redis = await createBreakableRedis();
  await redis.start();
  return redis;
}

async function isUp(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}
