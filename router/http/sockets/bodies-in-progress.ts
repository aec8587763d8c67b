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
 * Removes a body that was read to its end from the register. A rejected body stays registered: the response
 * to it closes the connection anyway.
 */
export function endBody(request: IncomingMessage): void {
  // The next request on this connection may already have registered its own body, which must stay registered.
  if (bodies.get(request.socket)?.request === request) bodies.delete(request.socket);
}

/**
 * Rejects the body that is being read from a connection with an error. Returns false if there is no such
 * body.
 */
export function rejectBody(socket: Duplex, error: RouterError): boolean {
  const body = bodies.get(socket);
  // A body that has arrived completely is not rejected, even if the router has not read all of it yet: the
  // HTTP error concerns bytes after the body.
  if (body === undefined || body.request.complete) return false;
  body.reject(error);
  return true;
}
