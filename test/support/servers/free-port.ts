import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/**
 * Returns a port of the loopback address on which nothing listens, for servers that cannot choose one.
 *
 * A connection to the port has just ended and is in TIME_WAIT. For about a minute, the kernel therefore
 * assigns the port to no other client and to no server that lets the kernel choose. A server that names the
 * port can listen on it, because servers set SO_REUSEADDR.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const client = connect(port, '127.0.0.1').resume();
  const [served] = (await accepted) as [Socket];
  const closed = once(server, 'close');
  server.close();
  // Only the side that ends a connection first remembers it.
  served.resume().end();
  await Promise.all([once(client, 'close'), closed]);
  return port;
}
