import { isUtf8 } from 'node:buffer';

/** Decodes text and drops a byte order mark, which RFC 8259 allows JSON parsers to ignore; undefined if it is not UTF-8. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', hasMark ? 3 : 0);
}

// An ASCII character ends a sequence of UTF-8, so each run of escapes beyond ASCII has to be valid alone.
const ESCAPES_BEYOND_ASCII = /(?:%[89a-f][\da-f])+/gi;

/** Returns whether the percent-encoded bytes of a query string are UTF-8. A `%` that begins no escape stands for itself. */
export function isUtf8Search(search: string): boolean {
  const runs = search.match(ESCAPES_BEYOND_ASCII) ?? [];
  return runs.every((run) => isUtf8(Buffer.from(run.replaceAll('%', ''), 'hex')));
}
