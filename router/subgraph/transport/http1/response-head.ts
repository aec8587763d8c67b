import type { IncomingHttpHeaders } from 'node:http';
import { FRAMING, parseHeaderLine } from './header-line.ts';
import type { HeaderLine } from './header-line.ts';

/** The head of a response (status and headers), and where its body ends. */
export type ResponseHead = {
  readonly status: number;
  /** Header values by lower-case name. A repeated header has a list of values, as in undici. */
  readonly headers: IncomingHttpHeaders;
  /**
   * Length of the body in bytes. `CHUNKED` means that the body uses the chunked transfer coding,
   * `UNTIL_CLOSE` that it ends when the server closes the connection.
   */
  readonly length: number;
  /** Whether the connection may be reused for another request after the response. */
  readonly isReusable: boolean;
  /**
   * Milliseconds for which the server keeps an idle connection, from the header `Keep-Alive`; undefined if
   * unknown.
   */
  readonly keepAliveMs: number | undefined;
};

export const CHUNKED = -1;
/** Value of `length` for a body that the server ends by closing the connection. */
export const UNTIL_CLOSE = -2;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const DIGITS = /^\d{1,15}$/;

/**
 * Parses the head of a response, given without the empty line at its end (RFC 9112). Folded lines, line feeds
 * without a carriage return, repeated lengths, and a length beside a transfer coding are rejected, because a
 * proxy may read these differently and find another end of the response. @returns undefined if the head is
 * malformed
 */
export function parseHead(text: string): ResponseHead | undefined {
  const firstEnd = endOfLine(text, 0);
  const start = text.slice(0, firstEnd);
  const { isHttp11, status } = start === OK_LINE ? OK : parseStatusLine(start);
  if (status === undefined) return undefined;
  const headers: Record<string, string | string[]> = {};
  const connection: ConnectionState = { closes: false, keeps: isHttp11, keepAliveMs: undefined };
  for (let at = firstEnd + 2; at < text.length;) {
    const end = endOfLine(text, at);
    const line = parseHeaderLine(text.slice(at, end));
    if (line === undefined) return undefined;
    addHeader(headers, line);
    noteConnection(connection, line);
    at = end + 2;
  }
  return withFraming({ status, isHttp11 }, headers, connection);
}

/**
 * Returns whether a line is a valid trailer. A trailer that would determine where the body ends is not valid
 * (RFC 9110 section 6.5.1).
 */
export function isTrailer(text: string): boolean {
  const line = parseHeaderLine(text);
  return line !== undefined && !FRAMING.includes(line.name);
}

type StatusLine = { readonly status: number | undefined; readonly isHttp11: boolean };

const OK_LINE = 'HTTP/1.1 200 OK';
const OK: StatusLine = { status: 200, isHttp11: true };

function parseStatusLine(line: string): StatusLine {
  const [, minor, code] = STATUS_LINE.exec(line) ?? [];
  return { status: code === undefined ? undefined : Number(code), isHttp11: minor === '1' };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\r\n', from);
  return end === -1 ? text.length : end;
}

function addHeader(headers: Record<string, string | string[]>, { name, value }: HeaderLine): void {
  const known = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (known === undefined) define(headers, name, value);
  else if (Array.isArray(known)) known.push(value);
  else headers[name] = [known, value];
}

function define(headers: Record<string, string | string[]>, name: string, value: string): void {
  if (name === '__proto__')
    Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true });
  else headers[name] = value;
}

/**
 * State of the connection after the response, according to the response headers: whether the server closes
 * the connection or keeps it open, and for how many milliseconds.
 */
type ConnectionState = { closes: boolean; keeps: boolean; keepAliveMs: number | undefined };

function noteConnection(state: ConnectionState, { options, keepAliveMs }: HeaderLine): void {
  if (options.includes('close')) state.closes = true;
  if (options.includes('keep-alive')) state.keeps = true;
  if (keepAliveMs !== undefined) state.keepAliveMs = Math.min(keepAliveMs, state.keepAliveMs ?? Infinity);
}

function withFraming(
  { status, isHttp11 }: { readonly status: number; readonly isHttp11: boolean },
  headers: Record<string, string | string[]>,
  { closes, keeps, keepAliveMs }: ConnectionState,
): ResponseHead | undefined {
  const coding = headers['transfer-encoding'];
  const declared = headers['content-length'];
  if (coding !== undefined && (declared !== undefined || !isHttp11 || !isChunked(coding))) return undefined;
  if (declared !== undefined && (typeof declared !== 'string' || !DIGITS.test(declared))) return undefined;
  const hasBody = status >= 200 && status !== 204 && status !== 304;
  const length = hasBody ? lengthOf(coding, declared) : 0;
  // If a server announces a body for a response that cannot have one, such as 204, the connection is not
  // reused. The server may send that body nevertheless, and it would be read as the next response.
  const announcesBody = coding !== undefined || (declared !== undefined && Number(declared) > 0);
  const isReusable = length !== UNTIL_CLOSE && (hasBody || !announcesBody) && keeps && !closes;
  return { status, headers, length, isReusable, keepAliveMs };
}

function lengthOf(coding: string | string[] | undefined, declared: string | undefined): number {
  if (coding !== undefined) return CHUNKED;
  return declared === undefined ? UNTIL_CLOSE : Number(declared);
}

function isChunked(coding: string | string[]): boolean {
  return typeof coding === 'string' && coding.toLowerCase() === 'chunked';
}
