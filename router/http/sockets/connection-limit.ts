import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

export type PlaceOnConnection = 'within' | 'last' | 'beyond';

/**
 * Counts the requests of each connection and serves at most `most` of them; 0 means no limit. Node's own
 * limit would respond with an empty 503 to requests above it.
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
