import type { IncomingHttpHeaders } from 'node:http';
import { HEADER_NAME, HEADER_VALUE } from '../../../shared/http/header-syntax.ts';

/** The head of a response, and how its body ends. */
export type ResponseHead = {
  readonly status: number;
  /** Values by lower-case name. A repeated header has a list of values, as undici returns it. */
  readonly headers: IncomingHttpHeaders;
  /** Length of the body in bytes, `CHUNKED`, or `UNTIL_CLOSE`. */
  readonly length: number;
  /** Whether the connection may be used for another request. */
  readonly isReusable: boolean;
  /** Milliseconds for which the server keeps an idle connection, from `Keep-Alive`; undefined if unknown. */
  readonly keepAliveMs: number | undefined;
};

export const CHUNKED = -1;
/** The server ends the body by closing the connection. */
export const UNTIL_CLOSE = -2;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const DIGITS = /^\d{1,15}$/;
/** Headers that determine where the body ends. */
const FRAMING = ['content-length', 'transfer-encoding'];

/**
 * Parses the head of a response without its last two line ends (RFC 9112). It is strict: folded lines, single
 * line feeds, repeated lengths, and a length beside a transfer coding are not accepted, because an
 * intermediary may read them differently.
 *
 * @returns undefined if the head is malformed
 */
export function parseHead(text: string): ResponseHead | undefined {
  const firstEnd = endOfLine(text, 0);
  const [, minor, code] = STATUS_LINE.exec(text.slice(0, firstEnd)) ?? [];
  if (code === undefined) return undefined;
  const headers: Record<string, string | string[]> = {};
  for (let at = firstEnd + 2; at < text.length;) {
    const end = endOfLine(text, at);
    if (!addHeader(headers, text, at, end)) return undefined;
    at = end + 2;
  }
  return withFraming(Number(code), minor === '1', headers);
}

/**
 * Returns whether the text is a valid trailer. A trailer must not determine where the body ends (RFC 9110
 * section 6.5.1).
 */
export function isTrailer(line: string): boolean {
  const trailer = {};
  return addHeader(trailer, line, 0, line.length) && FRAMING.every((name) => !Object.hasOwn(trailer, name));
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\r\n', from);
  return end === -1 ? text.length : end;
}

function addHeader(
  headers: Record<string, string | string[]>,
  text: string,
  from: number,
  end: number,
): boolean {
  const colon = text.indexOf(':', from);
  if (colon === -1 || colon >= end) return false;
  const name = lowerName(text.slice(from, colon));
  const value = withoutOuterSpace(text, colon + 1, end);
  if (name === undefined || !HEADER_VALUE.test(value)) return false;
  // Parsers disagree about a length or coding with a space behind it.
  if (FRAMING.includes(name) && isSpace(text.charCodeAt(end - 1))) return false;
  const known = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (known === undefined) define(headers, name, value);
  else if (Array.isArray(known)) known.push(value);
  else headers[name] = [known, value];
  return true;
}

function define(headers: Record<string, string | string[]>, name: string, value: string): void {
  if (name === '__proto__')
    Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true });
  else headers[name] = value;
}

/** Removes spaces and tabs around a value. `trim()` would also remove other characters. */
function withoutOuterSpace(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

// Servers send few different header names, so most need not be checked and lower-cased again.
const MAX_NAMES = 512;
const names = new Map<string, string>();

function lowerName(name: string): string | undefined {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (!HEADER_NAME.test(name)) return undefined;
  const lower = name.toLowerCase();
  if (names.size < MAX_NAMES) names.set(name, lower);
  return lower;
}

function withFraming(
  status: number,
  isHttp11: boolean,
  headers: Record<string, string | string[]>,
): ResponseHead | undefined {
  const coding = headers['transfer-encoding'];
  const declared = headers['content-length'];
  if (coding !== undefined && (declared !== undefined || !isHttp11 || !isChunked(coding))) return undefined;
  if (declared !== undefined && (typeof declared !== 'string' || !DIGITS.test(declared))) return undefined;
  const hasBody = status >= 200 && status !== 204 && status !== 304;
  const length = hasBody ? lengthOf(coding, declared) : 0;
  // A server that announces a body where none is allowed may send one, which would be read as the next
  // response.
  const announcesBody = coding !== undefined || (declared !== undefined && Number(declared) > 0);
  const isReusable =
    length !== UNTIL_CLOSE && (hasBody || !announcesBody) && isKept(headers['connection'], isHttp11);
  return { status, headers, length, isReusable, keepAliveMs: keepAliveMs(headers['keep-alive']) };
}

function lengthOf(coding: string | string[] | undefined, declared: string | undefined): number {
  if (coding !== undefined) return CHUNKED;
  return declared === undefined ? UNTIL_CLOSE : Number(declared);
}

function isChunked(coding: string | string[]): boolean {
  return typeof coding === 'string' && coding.toLowerCase() === 'chunked';
}

function isKept(connection: string | string[] | undefined, isHttp11: boolean): boolean {
  if (connection === undefined) return isHttp11;
  const options = String(connection)
    .toLowerCase()
    .split(',')
    .map((option) => option.trim());
  if (options.includes('close')) return false;
  return isHttp11 || options.includes('keep-alive');
}

function keepAliveMs(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  const seconds = [...String(header).matchAll(/timeout=(\d{1,9})/gi)].map(([, digits]) => Number(digits));
  return seconds.length === 0 ? undefined : Math.min(...seconds) * 1_000;
}
