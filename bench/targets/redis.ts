import { connect } from 'node:net';
import { Redis as Client } from 'ioredis';
import { freePort } from '../../test/support/servers/free-port.ts';
import { commandsReceived } from '../../test/support/servers/redis-commands.ts';
import { findProgram } from '../../test/support/processes/run-program.ts';
import { startAndWait } from '../harness/program.ts';
import type { BenchEnvironment } from './target.ts';

export type Redis = AsyncDisposable & {
  readonly url: string;
  /** Returns the number of commands that it has received since its start. */
  readonly commands: () => Promise<number>;
};

/** Starts a Redis without persistence on the core of the load. @throws {Error} if this machine has none */
export async function startRedis(environment: BenchEnvironment): Promise<Redis> {
  const file = findProgram(['redis-server', 'valkey-server']);
  if (file === undefined) throw new Error('there is no redis-server on this machine');
  const port = await freePort();
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', environment.folder];
  const logFile = environment.logFile('redis');
  const redis = await startAndWait({ command: [file, ...settings], core: 'load', logFile }, () =>
    isServing(port),
  );
  const client = new Client(port);
  return {
    url: `redis://127.0.0.1:${port}`,
    commands: () => commandsReceived(client),
    [Symbol.asyncDispose]() {
      client.disconnect();
      return redis[Symbol.asyncDispose]();
    },
  };
}

function isServing(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  return new Promise((resolve) => {
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
  });
}
