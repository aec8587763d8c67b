import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startContainer } from './container.ts';
import { freePort } from './free-port.ts';
import type { PackageManager } from './package-manager.ts';
import { fromEnvironment, provide } from './provide.ts';
import type { Provided } from './provide.ts';
import { findProgram } from '../processes/run-program.ts';
import { startServer } from './server-process.ts';

const BINARIES = ['redis-server', 'valkey-server'];

/** Provides a real Redis from the first available source. */
export async function provideRedis(packages: PackageManager): Promise<Provided> {
  return provide(
    'Redis',
    [
      fromEnvironment('REDIS_URL'),
      startRedis,
      () => startContainer({ image: 'redis:8-alpine', port: 6379, url: redisUrl, isUp }),
      async () => (await packages.install('redis-server')) ?? startRedis(),
    ],
    ['set REDIS_URL', 'install redis-server or valkey-server', 'start a Docker engine'],
  );
}

/** Starts a Redis if the program is installed. */
async function startRedis(): Promise<Provided | { missing: string }> {
  const program = findProgram(BINARIES);
  if (program === undefined) return { missing: 'there is no redis-server' };
  const port = await freePort();
  const url = redisUrl(port);
  const folder = mkdtempSync(join(tmpdir(), 'tributary-redis-'));
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  const server = await startServer({
    command: [program, ...settings],
    folder,
    stopSignal: 'TERM',
    isUp: () => isUp(url),
  });
  return { url, from: program, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

function redisUrl(port: number): string {
  return `redis://127.0.0.1:${port}`;
}

async function isUp(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), timeout: 1_000 });
  return new Promise((resolve) => {
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => resolve(data.toString().startsWith('+PONG')));
    socket.once('timeout', () => resolve(false));
    socket.once('error', () => resolve(false));
  }).then((pong) => {
    socket.destroy();
    return pong === true;
  });
}
