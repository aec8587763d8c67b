import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * A way to a server that can be cut (connections end, and new ones are closed at once, until it is repaired)
 * or silenced.
 */
export type BreakableConnection = AsyncDisposable & {
  /** The server's URL with this way's address. */
  readonly url: string;
  readonly cut: () => void;
  readonly repair: () => void;
  /**
   * Nothing comes through the connections that are open any more, and nobody is told; new ones are as good as
   * ever.
   */
  readonly silence: () => void;
};

export async function breakableConnectionTo(serverUrl: string): Promise<BreakableConnection> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(Number(target.port || 5432), target.hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
      from.pipe(to);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut() {
      isCut = true;
      endAll();
    },
    repair() {
      isCut = false;
    },
    silence() {
      for (const socket of sockets) socket.unpipe().resume();
    },
    async [Symbol.asyncDispose]() {
      endAll();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
