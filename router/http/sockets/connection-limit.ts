import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

export type PlaceOnConnection = 'within' | 'last' | 'beyond';

/**
 * Counts the requests of each connection, of which at most `most` are answered; 0 means no limit. The limit of Node itself
 * would answer what a client sends beyond it with a bare 503.
 */
export function createConnectionLimit(most: number): (request: IncomingMessage) => PlaceOnConnection {
  const requestsOf = new WeakMap<Socket, number>();
  return ({ socket }) => {
    if (most === 0) return 'within';
    const count = (requestsOf.get(socket) ?? 0) + 1;
    requestsOf.set(socket, count);
    if (count === most) return 'last';
    return count < most ? 'within' : 'beyond';
  };
}
