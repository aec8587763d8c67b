import { connect } from 'node:net';
import type { Socket } from 'node:net';

export type SlowClients = Disposable & {
  /** Milliseconds for which each of the ended connections was open. */
  readonly lifetimes: readonly number[];
  /** The status lines of the responses. */
  readonly responses: ReadonlySet<string>;
  readonly open: () => number;
  /** Returns the number of accepted connections, including those that have ended. */
  readonly connected: () => number;
};

type Slowness = {
  readonly url: string;
  readonly count: number;
  /** Bytes to send immediately. */
  readonly begin: string;
  /** Bytes to send repeatedly, once for each connection. */
  readonly drip: string;
  readonly everyMs: number;
};

const HEADERS_TIMEOUT_MS = 1_500;
const REQUEST_TIMEOUT_MS = 2_000;

/** Configuration of a router that closes connections of slow clients early. */
export const SLOW_CLIENT_LIMITS = `listen: { headersTimeoutMs: ${HEADERS_TIMEOUT_MS}, requestTimeoutMs: ${REQUEST_TIMEOUT_MS} }`;

const HEAD = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

/**
 * Requests that are never completed, with the milliseconds after which a router with these limits closes
 * their connections.
 */
export const NEVER_ENDING = [
  { what: 'headers that never end', begin: HEAD, drip: 'x-a: b\r\n', closedMs: HEADERS_TIMEOUT_MS },
  {
    what: 'bodies that never end',
    begin: `${HEAD}content-length: 100000\r\n\r\n{`,
    drip: ' ',
    closedMs: REQUEST_TIMEOUT_MS,
  },
] as const;

/** Starts clients that never complete a request. */
export function startSlowClients({ url, count, begin, drip, everyMs }: Slowness): SlowClients {
  const { port } = new URL(url);
  const lifetimes: number[] = [];
  const responses = new Set<string>();
  const sockets = new Set<Socket>();
  let stopped = false;
  let connected = 0;

  function open(): void {
    const socket = connect({ port: Number(port), host: '127.0.0.1' });
    let openedAt = performance.now();
    socket.on('connect', () => {
      connected += 1;
      openedAt = performance.now();
      socket.write(begin);
    });
    socket.on('data', (data: Buffer) => responses.add(data.toString('latin1').split('\r\n', 1)[0] ?? ''));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      if (!stopped) lifetimes.push(performance.now() - openedAt);
    });
    sockets.add(socket);
  }

  for (let index = 0; index < count; index++) open();
  const timer = setInterval(() => {
    for (const socket of sockets) if (socket.readyState === 'open') socket.write(drip);
  }, everyMs);
  return {
    lifetimes,
    responses,
    connected: () => connected,
    open: () => [...sockets].filter(({ readyState }) => readyState === 'open').length,
    [Symbol.dispose]() {
      stopped = true;
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}
