import { isUtf8 } from 'node:buffer';

/**
 * Decodes UTF-8 and removes a byte order mark, which RFC 8259 allows parsers to ignore. Returns undefined if
 * the bytes are not valid UTF-8.
 */
export function decodeUtf8(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', hasMark ? 3 : 0);
}

// Matches sequences of percent-encoded bytes beyond ASCII. Each match must be valid UTF-8 by itself, because
// an ASCII character between two matches cannot be part of a UTF-8 sequence.
const ESCAPES_BEYOND_ASCII = /(?:%[89a-f][\da-f])+/gi;

/**
 * Returns whether the percent-encoded bytes of a query string are valid UTF-8. A `%` without two hexadecimal
 * digits is no encoded byte; it stands for itself.
 */
export function isUtf8Search(search: string): boolean {
  const runs = search.match(ESCAPES_BEYOND_ASCII) ?? [];
  return runs.every((run) => isUtf8(Buffer.from(run.replaceAll('%', ''), 'hex')));
}

/** Returns the text of a file without a byte order mark, with which editors on Windows begin a file. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
