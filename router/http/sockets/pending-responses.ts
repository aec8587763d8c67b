import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Number of requests on one connection whose responses are not written yet, and the response to the last of
 * these requests.
 */
type Pending = { count: number; last: ServerResponse | undefined };

const pending = new WeakMap<Duplex, Pending>();

/** Registers a request of a connection. The caller must call `endResponse` when the response is written. */
export function beginResponse(socket: Duplex, response: ServerResponse): void {
  const known = pending.get(socket);
  if (known === undefined) pending.set(socket, { count: 1, last: response });
  else {
    known.count += 1;
    known.last = response;
  }
}

/**
 * Removes a request whose response is written. The reference to the last response is dropped with the last
 * request, so that idle connections do not keep responses in memory.
 */
export function endResponse(socket: Duplex): void {
  const known = pending.get(socket);
  if (known === undefined) return;
  known.count -= 1;
  if (known.count === 0) known.last = undefined;
}

/**
 * Runs an action when all pending requests of a connection have their responses, or at once if no request is
 * pending. If the connection closes before that, the action does not run. Waiting for the last response is
 * enough, because responses are sent in the order of the requests.
 */
export function afterResponses(socket: Duplex, action: () => void): void {
  const last = pending.get(socket)?.last;
  if (last === undefined) action();
  else last.once('finish', action);
}
