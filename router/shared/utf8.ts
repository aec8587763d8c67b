import { isUtf8 } from 'node:buffer';

/**
 * Decodes UTF-8 and removes a byte order mark, which RFC 8259 allows parsers to ignore. Undefined for invalid
 * UTF-8.
 */
export function decodeUtf8(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', hasMark ? 3 : 0);
}

// Matches runs of escaped non-ASCII bytes. An ASCII character ends a UTF-8 sequence, so each run must be
// valid alone.
const ESCAPES_BEYOND_ASCII = /(?:%[89a-f][\da-f])+/gi;

/**
 * Whether the percent-encoded bytes of a query string are valid UTF-8. A `%` that is not followed by two
 * hexadecimal digits is literal.
 */
export function isUtf8Search(search: string): boolean {
  const runs = search.match(ESCAPES_BEYOND_ASCII) ?? [];
  return runs.every((run) => isUtf8(Buffer.from(run.replaceAll('%', ''), 'hex')));
}
