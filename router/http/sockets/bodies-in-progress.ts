import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RouterError } from '../../shared/errors.ts';

type Body = { readonly request: IncomingMessage; readonly reject: (error: RouterError) => void };

/**
 * The request body that is being read from each connection. A connection has at most one, because HTTP/1.1
 * clients send requests one after another.
 */
const bodies = new WeakMap<Duplex, Body>();

/** Registers the body that is being read from a connection. */
export function beginBody(request: IncomingMessage, reject: Body['reject']): void {
  bodies.set(request.socket, { request, reject });
}

/**
 * Removes a body that was read to its end from the register. A rejected body stays registered, because the
 * response to it closes the connection anyway.
 */
export function endBody(request: IncomingMessage): void {
  // The next request may already have registered its own body for this connection, which must stay.
  if (bodies.get(request.socket)?.request === request) bodies.delete(request.socket);
}

/** Rejects the body that is being read from a connection. Returns false if there is none. */
export function rejectBody(socket: Duplex, error: RouterError): boolean {
  const body = bodies.get(socket);
  // A complete body is not rejected, even if the router has not read it yet: the error concerns bytes after
  // it.
  if (body === undefined || body.request.complete) return false;
  body.reject(error);
  return true;
}
