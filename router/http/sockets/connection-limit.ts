import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Position of a request relative to the maximum number of requests per connection. The response to the `last`
 * request closes the connection.
 */
export type PlaceOnConnection = 'within' | 'last' | 'beyond';

/**
 * Creates the function that counts the requests on a connection. It returns whether a request is within the
 * limit, the last one, or beyond it. Node's own limit is not used, because Node would respond to requests
 * beyond it with an empty 503.
 * @param most maximum number of requests on one connection; 0 means no limit
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
