import { createServer } from 'node:net';

/**
 * Ports below those that an operating system gives to `listen(0)` and to connections of clients (from 32768
 * on Linux), which could take a port between two uses.
 */
const FIRST = 20_000;
const COUNT = 12_768;

/** Steps of the golden ratio, so that processes with neighbouring ids begin far apart. */
const begin = process.pid * 7_891;
let given = 0;

/**
 * Returns a port of the loopback address on which nothing listens now, for servers that cannot choose one or
 * that restart on their port. No port is returned twice.
 */
export async function freePort(): Promise<number> {
  while (given < COUNT) {
    const port = FIRST + ((begin + given) % COUNT);
    given += 1;
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
}
