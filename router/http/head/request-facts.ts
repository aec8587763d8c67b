import type { IncomingMessage } from 'node:http';
import type { RequestFacts } from '../../request/request-recorder.ts';
import { namedClient } from '../../usage/client-label.ts';
import { saneId } from './request-id.ts';

/**
 * Properties of an HTTP request that are known before its body is read, such as method, path and client
 * address.
 */
export type HttpFacts = Pick<RequestFacts, 'method' | 'path' | 'clientAddress'> &
  Partial<Pick<RequestFacts, 'correlationId' | 'userAgent' | 'clientName' | 'clientVersion'>>;

/** Returns the address of a client, given the address of the connection and all X-Forwarded-For headers. */
export type ReadClientAddress = (
  remoteAddress: string | undefined,
  forwardedFor: readonly string[],
) => string;

/** Reads method, path, client address, correlation id and names of client software from a request. */
export function httpFactsOf(
  request: IncomingMessage,
  { path, clientAddress }: { readonly path: string; readonly clientAddress: ReadClientAddress },
): HttpFacts {
  const { method = '', headers, socket } = request;
  const facts: HttpFacts = {
    method,
    path,
    clientAddress: clientAddress(socket.remoteAddress, valuesOf(request, 'x-forwarded-for')),
    ...namedClient(headers),
  };
  const correlationId = saneId(headers['x-correlation-id']);
  if (correlationId !== undefined) facts.correlationId = correlationId;
  if (headers['user-agent'] !== undefined) facts.userAgent = headers['user-agent'];
  return facts;
}

/**
 * Returns all values of a request header that may be repeated. Node's `headers` keeps only the first value of
 * some headers, and its `headersDistinct` would copy all headers.
 */
export function valuesOf({ headers, rawHeaders }: IncomingMessage, name: string): readonly string[] {
  if (headers[name] === undefined) return [];
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1];
    if (rawHeaders[index]?.toLowerCase() === name && value !== undefined) values.push(value);
  }
  return values;
}
