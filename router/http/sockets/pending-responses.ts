import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Requests of one connection without a response, and the response to the last one. */
type Pending = { count: number; last: ServerResponse | undefined };

const pending = new WeakMap<Duplex, Pending>();

/** Registers a request of a connection. `endResponse` must be called when its response was written. */
export function beginResponse(socket: Duplex, response: ServerResponse): void {
  const known = pending.get(socket);
  if (known === undefined) pending.set(socket, { count: 1, last: response });
  else {
    known.count += 1;
    known.last = response;
  }
}

/** Removes a request. The last response of an idle connection is not kept in memory. */
export function endResponse(socket: Duplex): void {
  const known = pending.get(socket);
  if (known === undefined) return;
  known.count -= 1;
  if (known.count === 0) known.last = undefined;
}

/**
 * Runs an action when the pending requests of a connection have their responses, which are sent in the order
 * of the requests; at once if there are none. If the connection closes before, the action does not run.
 */
export function afterResponses(socket: Duplex, action: () => void): void {
  const last = pending.get(socket)?.last;
  if (last === undefined) action();
  else last.once('finish', action);
}
