import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';

/** Content codings (RFC 9110 section 8.4.1) that bodies may have. */
export type Coding = 'identity' | 'gzip' | 'deflate' | 'br' | 'zstd';

/** Value of `Accept-Encoding` that names them. */
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

/** The coding that a `Content-Encoding` header names, in any case; undefined for unknown ones, and for several. */
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

/** Decodes a body, to at most `limit` bytes: a few bytes can expand to any number. */
export async function decodeBody(bytes: Buffer, coding: Coding, limit: number): Promise<DecodedBody> {
  if (coding === 'identity') return { kind: 'decoded', bytes };
  try {
    return { kind: 'decoded', bytes: await DECODERS[coding](bytes, { maxOutputLength: limit }) };
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    return { kind: isTooLarge ? 'too large' : 'malformed' };
  }
}
