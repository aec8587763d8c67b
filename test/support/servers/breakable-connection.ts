import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * A proxy before a server, whose connections can be cut (closed, and new ones rejected until `repair`) or
 * silenced.
 */
export type BreakableConnection = AsyncDisposable & {
  /** The server's URL with the address of the proxy. */
  readonly url: string;
  readonly cut: () => void;
  readonly repair: () => void;
  /** Drops all bytes of the open connections without closing them; new connections work. */
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
