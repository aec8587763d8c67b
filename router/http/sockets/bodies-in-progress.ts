import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RouterError } from '../../shared/errors.ts';

type Body = { readonly request: IncomingMessage; readonly reject: (error: RouterError) => void };

/** Connections on which a request body is being read: at most one each, because HTTP/1.1 sends one request after another. */
const bodies = new WeakMap<Duplex, Body>();

/** Registers the body that is being read from a connection. */
export function beginBody(request: IncomingMessage, reject: Body['reject']): void {
  bodies.set(request.socket, { request, reject });
}

/** Removes a body that was read. One that was rejected stays: the response to its request closes the connection. */
export function endBody(request: IncomingMessage): void {
  // The next request of the connection may have begun by then.
  if (bodies.get(request.socket)?.request === request) bodies.delete(request.socket);
}

/** Rejects the body that is being read from a connection, and returns whether there is one. */
export function rejectBody(socket: Duplex, error: RouterError): boolean {
  const body = bodies.get(socket);
  // A body can be complete before it is read; the error then belongs to what follows it.
  if (body === undefined || body.request.complete) return false;
  body.reject(error);
  return true;
}
