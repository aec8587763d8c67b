import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, ServerOptions } from 'node:http';
import { connect } from 'node:net';
import type { ListenOptions, Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { assertPortFree, openPort } from '../../router/http/sockets/listeners.ts';
import type { OpenPort, PortOptions } from '../../router/http/sockets/listeners.ts';

const HOST = '127.0.0.1';
const GET = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
const pong: RequestListener = (_, response) => void response.end('pong');

type Opened = AsyncDisposable & OpenPort & { readonly accepted: () => number };

async function open(
  { requestListener = pong, ...http }: ServerOptions & { requestListener?: RequestListener } = {},
  options: Partial<PortOptions> = {},
): Promise<Opened> {
  let accepted = 0;
  const server = createServer(http, requestListener);
  server.on('connection', () => (accepted += 1));
  const port = await openPort(server, { host: HOST, port: 0, ...options });
  return { ...port, accepted: () => accepted, [Symbol.asyncDispose]: () => port.close(0) };
}

type Client = Disposable & { readonly socket: Socket; readonly response: Promise<string> };

/**
 * Opens connections. The kernel completes them immediately; the server accepts them over several turns of the
 * event loop.
 */
function connectClient(port: number, text = GET): Client {
  const socket = connect(port, HOST);
  socket.on('error', () => undefined);
  if (text !== '') socket.write(text);
  const response = new Promise<string>((resolve) => {
    socket.once('data', (data) => resolve(data.toString()));
    socket.once('close', () => resolve('closed'));
  });
  return { socket, response, [Symbol.dispose]: () => socket.destroy() };
}

function connectClients(port: number, count: number, text = GET) {
  const clients = Array.from({ length: count }, () => connectClient(port, text));
  return {
    responses: Promise.all(clients.map(({ response }) => response)),
    [Symbol.dispose]: () => clients.forEach((client) => client[Symbol.dispose]()),
  };
}

/**
 * Waits until the kernel has completed as many connections to a port, without a turn of the event loop, in
 * which the server would accept some of them. On systems other than Linux it does not wait.
 */
async function untilConnected(port: number, count: number): Promise<void> {
  // Sockets connect after this turn of the code.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  if (process.platform !== 'linux') return;
  const established = new RegExp(` [\\dA-F]{8}:${port.toString(16).toUpperCase().padStart(4, '0')} 01 `, 'g');
  const deadline = performance.now() + 10_000;
  const completed = () => readFileSync('/proc/net/tcp', 'utf8').match(established)?.length ?? 0;
  while (completed() < count)
    if (performance.now() > deadline) throw new Error(`only ${completed()} clients are connected`);
}

async function turnsUntil(isDone: () => boolean): Promise<number> {
  let turns = 0;
  for (; !isDone() && turns < 2_000; turns += 1) await turn();
  return turns;
}

describe('the port of a server', () => {
  // On other systems the kernel does not distribute connections over several handles.
  it.runIf(process.platform === 'linux')(
    'accepts 500 clients that connect at once within 30 turns of the event loop',
    async () => {
      await using port = await open();
      using clients = connectClients(port.port, 500);
      await untilConnected(port.port, 500);
      expect(await turnsUntil(() => port.accepted() === 500)).toBeLessThanOrEqual(30);
      expect(await clients.responses).not.toContain('closed');
    },
  );

  it('fails if another server listens, whether or not that one shares its port', async () => {
    for (const shared of [true, false]) {
      await using port = await open({}, { shared });
      const { port: number } = port;
      await expect(open({}, { port: number })).rejects.toThrow('EADDRINUSE');
      await expect(assertPortFree({ host: HOST, port: number })).rejects.toThrow('EADDRINUSE');
    }
  });

  it.runIf(process.platform === 'linux')('is shared by the processes of a pool', async () => {
    await using port = await open({}, { shared: true });
    await using other = await open({}, { shared: true, port: port.port });
    using clients = connectClients(port.port, 100);
    await clients.responses;
    expect([port.accepted() > 0, other.accepted() > 0]).toEqual([true, true]);
  });

  describe('on a system without load-balanced SO_REUSEPORT', () => {
    /** A server whose `listen` fails with `reusePort`, as libuv does on macOS and Windows. */
    function serverWithoutReusePort() {
      const server = createServer(pong);
      const listen = server.listen.bind(server);
      return Object.assign(server, {
        listen(options: ListenOptions, listening: () => void) {
          if (options.reusePort !== true) return listen(options, listening);
          const error = Object.assign(new Error('listen ENOTSUP'), { code: 'ENOTSUP' });
          process.nextTick(() => server.emit('error', error));
          return server;
        },
      });
    }

    it('has a single handle', async () => {
      const port = await openPort(serverWithoutReusePort(), { host: HOST, port: 0 });
      using client = connectClient(port.port);
      expect(await client.response).toContain('pong');
      await port.close(0);
    });

    it('is not opened by one of several processes, and names the setting', async () => {
      await expect(openPort(serverWithoutReusePort(), { host: HOST, port: 0, shared: true })).rejects.toThrow(
        /cannot share the port 127\.0\.0\.1:0 on this system .*; set `workers: 1`$/,
      );
    });
  });

  it('counts the connections of all its handles against the maximum, and accepts again when one ends', async () => {
    let dropped = 0;
    await using port = await open({}, { maxConnections: 10, dropped: () => (dropped += 1) });
    using first = connectClients(port.port, 10);
    expect(await first.responses).not.toContain('closed');
    using second = connectClients(port.port, 20);
    expect(await second.responses).toEqual(Array(20).fill('closed'));
    expect(dropped).toBe(20);
    first[Symbol.dispose]();
    await expect
      .poll(async () => {
        using client = connectClient(port.port);
        return await client.response;
      })
      .toContain('pong');
  });

  it('responds to connected clients before it closes', async () => {
    await using port = await open();
    using clients = connectClients(port.port, 300, GET.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
    await untilConnected(port.port, 300);
    expect(port.accepted()).toBe(0);
    const closed = port.close(60_000);
    expect((await clients.responses).filter((response) => !response.includes('pong'))).toEqual([]);
    await closed;
    using late = connectClient(port.port);
    expect(await late.response).toBe('closed');
  });

  it('responds with 408 to late requests while it closes, and ends their connections', async () => {
    await using port = await open({
      requestTimeout: 50,
      headersTimeout: 50,
      connectionsCheckingInterval: 10,
    });
    using client = connectClient(port.port, GET.slice(0, 20));
    await untilConnected(port.port, 1);
    await turnsUntil(() => port.accepted() === 1);
    await port.close(60_000);
    expect(await client.response).toMatch(/^HTTP\/1\.1 408 /);
  });
});
