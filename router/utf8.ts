import { isUtf8 } from 'node:buffer';

/** Decodes text and drops a byte order mark, which RFC 8259 allows JSON parsers to ignore; undefined if it is not UTF-8. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', hasMark ? 3 : 0);
}
