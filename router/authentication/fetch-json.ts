/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type FetchJson = (url: string, signal: AbortSignal) => Promise<unknown>;

const MAX_BYTES = 1_048_576;

/** Fetches a small JSON document of an issuer: 200 only, no redirects, at most 1 MB, within `timeoutMs`. */
export function createFetchJson(parts: { readonly fetch: Fetch; readonly timeoutMs: number }): FetchJson {
  return async (url, signal) => {
    const response = await parts.fetch(url, {
      // A redirect could lead the router to any host; the issuer's address is configured, not discovered.
      redirect: 'manual',
      headers: { accept: 'application/json, application/jwk-set+json' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(parts.timeoutMs)]),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`answered with status ${response.status}`);
    }
    return JSON.parse(await readText(response));
  };
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`answered with more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
