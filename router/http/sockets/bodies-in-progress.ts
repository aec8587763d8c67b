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
 * Removes a body from the register after it was read to its end. A rejected body need not be removed, because
 * the response to it closes the connection.
 */
export function endBody(request: IncomingMessage): void {
  // The next request on this connection may already have registered its own body, which must stay registered.
  if (bodies.get(request.socket)?.request === request) bodies.delete(request.socket);
}

/**
 * Ends the reading of a connection's current request body with an error. Returns false if no body is being
 * read.
 */
export function rejectBody(socket: Duplex, error: RouterError): boolean {
  const body = bodies.get(socket);
  // A body that has arrived completely is not rejected, even if the router is still reading it: the error of
  // the HTTP parser then concerns bytes after the body.
  if (body === undefined || body.request.complete) return false;
  body.reject(error);
  return true;
}
