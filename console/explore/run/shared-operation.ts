import { variablesWithoutSecrets, withoutSecrets } from './secrets.ts';

/** The content of a link to an operation. Headers and tokens are never part of it. */
export type SharedOperation = {
  readonly query: string;
  readonly variables: string;
};

/** Compresses an operation into text for a URL. */
export async function encodeOperation({ query, variables }: SharedOperation): Promise<string> {
  const text = JSON.stringify({ q: withoutSecrets(query), v: variablesWithoutSecrets(variables) });
  const bytes = await through(new Blob([text]), new CompressionStream('deflate-raw'));
  return toBase64Url(bytes);
}

/** Returns undefined for text that is not an operation. */
export async function decodeOperation(text: string): Promise<SharedOperation | undefined> {
  try {
    const bytes = fromBase64Url(text);
    const json = new TextDecoder().decode(
      await through(new Blob([bytes]), new DecompressionStream('deflate-raw')),
    );
    const { q, v }: { q?: unknown; v?: unknown } = JSON.parse(json);
    return typeof q === 'string' ? { query: q, variables: typeof v === 'string' ? v : '' } : undefined;
  } catch {
    return undefined;
  }
}

async function through(
  input: Blob,
  transform: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(input.stream().pipeThrough(transform)).arrayBuffer());
}

function toBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCodePoint(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.codePointAt(0) ?? 0);
}
