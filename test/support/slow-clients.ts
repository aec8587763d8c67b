import { connect } from 'node:net';
import type { Socket } from 'node:net';

export type SlowClients = Disposable & {
  /** How long the connections that have ended were open, in milliseconds. */
  readonly lifetimes: readonly number[];
  /** The status lines they were answered with. */
  readonly answers: ReadonlySet<string>;
  readonly open: () => number;
};

type Slowness = {
  readonly url: string;
  readonly count: number;
  /** Sent at once. */
  readonly begin: string;
  /** Sent again and again, one for each connection. */
  readonly drip: string;
  readonly everyMs: number;
};

/** Clients that never finish a request. */
export function startSlowClients({ url, count, begin, drip, everyMs }: Slowness): SlowClients {
  const { port } = new URL(url);
  const lifetimes: number[] = [];
  const answers = new Set<string>();
  const sockets = new Set<Socket>();
  let stopped = false;

  function open(): void {
    const socket = connect({ port: Number(port), host: '127.0.0.1' });
    let openedAt = performance.now();
    socket.on('connect', () => {
      openedAt = performance.now();
      socket.write(begin);
    });
    socket.on('data', (data: Buffer) => answers.add(data.toString('latin1').split('\r\n', 1)[0] ?? ''));
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
    answers,
    open: () => [...sockets].filter(({ readyState }) => readyState === 'open').length,
    [Symbol.dispose]() {
      stopped = true;
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}
