import { withoutByteOrderMark } from '../shared/utf8.ts';

/** The part of the `fetch` API that the router uses. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Fetches a JSON document and returns the parsed value. Rejects if the response cannot be used. */
export type FetchJson = (url: string, signal: AbortSignal) => Promise<unknown>;

const MAX_BYTES = 1_048_576;

/**
 * Creates a function that fetches a small JSON document from an issuer. It accepts only status 200 and at
 * most 1 MB within `timeoutMs`, and follows no redirects.
 */
export function createFetchJson(parts: { readonly fetch: Fetch; readonly timeoutMs: number }): FetchJson {
  return async (url, signal) => {
    const response = await parts.fetch(url, {
      // A redirect is an error: it could send the router to any host, but only the configured address is
      // trusted.
      redirect: 'manual',
      headers: { accept: 'application/json, application/jwk-set+json' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(parts.timeoutMs)]),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`responded with status ${response.status}`);
    }
    // A parser may ignore a byte order mark (RFC 8259 section 8.1).
    return JSON.parse(withoutByteOrderMark(await readText(response)));
  };
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`the response exceeds ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
