import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';

/** Content codings in which the router reads and writes bodies (RFC 9110 section 8.4.1). */
export type Coding = 'identity' | 'gzip' | 'deflate' | 'br' | 'zstd';

/** Value of an `Accept-Encoding` header that lists all supported codings. */
export const ACCEPTED_CODINGS = 'gzip, deflate, br, zstd';

const DECODERS = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
} as const;

const BY_NAME: ReadonlyMap<string, Coding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['zstd', 'zstd'],
]);

/**
 * Returns the coding that a `Content-Encoding` header names; undefined if the coding is unknown or the header
 * names several. Case does not matter.
 */
export function codingOf(header: string | readonly string[] | undefined): Coding | undefined {
  if (header === undefined) return 'identity';
  const names = [header]
    .flat()
    .join(',')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
  const [name] = names;
  if (name === undefined) return 'identity';
  return names.length === 1 ? BY_NAME.get(name) : undefined;
}

export type DecodedBody =
  | { readonly kind: 'decoded'; readonly bytes: Buffer }
  | { readonly kind: 'too large' }
  | { readonly kind: 'malformed' };

/**
 * Decodes a compressed body whose decoded size is at most `limit` bytes. The limit protects against
 * decompression bombs.
 */
export async function decodeBody(bytes: Buffer, coding: Coding, limit: number): Promise<DecodedBody> {
  if (coding === 'identity') return { kind: 'decoded', bytes };
  try {
    return { kind: 'decoded', bytes: await DECODERS[coding](bytes, { maxOutputLength: limit }) };
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    return { kind: isTooLarge ? 'too large' : 'malformed' };
  }
}
