import { RouterError } from '../errors.ts';

// The scheme is case-insensitive (RFC 9110 section 11.1). Only a compact JWS has two dots: an encrypted token has four.
const BEARER = /^bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

/**
 * The token of the Authorization headers as they came, or undefined when there is none.
 * @throws {RouterError} TOKEN_INVALID for anything but one bearer token: silently taking such a caller for anonymous
 * would hide the client's mistake, and picking one of two headers would let a proxy and the router disagree.
 */
export function readBearer(headers: readonly string[], maxTokenBytes: number): string | undefined {
  const [header] = headers;
  if (header === undefined) return undefined;
  if (headers.length > 1)
    throw new RouterError('TOKEN_INVALID', 'there is more than one Authorization header');
  if (header.length > maxTokenBytes + 'Bearer '.length) {
    throw new RouterError('TOKEN_INVALID', 'the token is too long');
  }
  const token = BEARER.exec(header.trim())?.[1];
  if (token === undefined)
    throw new RouterError('TOKEN_INVALID', 'the Authorization header has no bearer token');
  return token;
}
