import { isDeepStrictEqual } from 'node:util';
import { readByReader } from './read-by-reader.ts';
import type { ReadOutcome } from './read-by-reader.ts';
import { readByUndici } from './read-by-undici.ts';
import type { ServerBytes } from './mutated-responses.ts';

/** Result of one case: `fault` describes a difference from undici that must not occur. */
export type Comparison = {
  readonly kind: 'equal' | 'stricter' | 'fault';
  readonly reader: ReadOutcome;
  readonly undici: ReadOutcome;
};

/**
 * Reads the same bytes by the built-in reader and by undici. The reader may reject what undici accepts, but
 * not a plain response. It must never accept what undici rejects, read another response, or use a connection
 * again that undici would close.
 */
export async function compareReaders(bytes: ServerBytes): Promise<Comparison> {
  const reader = readByReader(bytes.parts, bytes.closes);
  const undici = await readByUndici(bytes.parts, bytes.closes);
  return { kind: kindOf(reader, undici, bytes.isPlain), reader, undici };
}

function kindOf(reader: ReadOutcome, undici: ReadOutcome, isPlain: boolean): Comparison['kind'] {
  if (reader.kind !== 'response') {
    if (undici.kind !== 'response') return 'equal';
    return isPlain ? 'fault' : 'stricter';
  }
  if (undici.kind !== 'response') return 'fault';
  const { isReusable, headers, ...read } = reader;
  const { isReusable: isReusableByUndici, headers: expectedHeaders, ...expected } = undici;
  if (!isDeepStrictEqual(read, expected) || !isDeepStrictEqual(headers, trimmed(expectedHeaders)))
    return 'fault';
  // Undici reads `keep-alive` with a tab behind it as an unknown option.
  const isTabbed = String(expectedHeaders['connection']).endsWith('\t');
  if (isReusable && !isReusableByUndici && !isTabbed) return 'fault';
  return isReusable === isReusableByUndici ? 'equal' : 'stricter';
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

// Undici keeps spaces at the end of header values. They do not belong to the value (RFC 9110 section 5.5).
function trimmed(headers: Headers): Headers {
  const entries = Object.entries(headers).map(([name, value]) => {
    const values = [value ?? []].flat().map((text) => text.replace(/[ \t]+$/, ''));
    return [name, Array.isArray(value) ? values : values[0]] as const;
  });
  return Object.fromEntries(entries);
}
