import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Number of requests on one connection whose responses are not written yet, and the response object of the
 * last of them.
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
 * Removes a request whose response is written. When no request is pending any more, the reference to the last
 * response object is dropped, so that idle connections keep no such objects in memory.
 */
export function endResponse(socket: Duplex): void {
  const known = pending.get(socket);
  if (known === undefined) return;
  known.count -= 1;
  if (known.count === 0) known.last = undefined;
}

/**
 * Runs an action as soon as all pending requests of a connection have their responses; at once if none is
 * pending. It waits only for the last response, because responses are sent in the order of the requests. If
 * the connection closes before that, the action does not run.
 */
export function afterResponses(socket: Duplex, action: () => void): void {
  const last = pending.get(socket)?.last;
  if (last === undefined) action();
  else last.once('finish', action);
}
