import type { IncomingMessage } from 'node:http';
import { RouterError } from '../../shared/errors.ts';

export type Exchange = {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Headers;
  readonly body: Buffer | undefined;
  readonly timeoutMs: number;
  /** Maximum size of the response in bytes. */
  readonly maxBytes: number;
  /**
   * Request of the browser, on whose behalf the router sends its own request. If the browser closes its
   * connection, the router's request is aborted.
   */
  readonly request: IncomingMessage;
  readonly fetch: typeof fetch;
};

export type Exchanged = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
};

/**
 * Sends a request on behalf of the browser and returns the response. Redirects are not followed.
 * @throws {Error} if there is no response, or it is too large
 */
export async function exchange(options: Exchange): Promise<Exchanged> {
  const { url, method, headers, body, timeoutMs, maxBytes, request } = options;
  const gone = new AbortController();
  const abort = () => gone.abort();
  // If the browser closed its connection while its request body was read, the request is not sent.
  if (request.socket.destroyed) abort();
  // Each pipelined request adds a listener to the connection. Node's warning about more than ten is disabled.
  request.socket.setMaxListeners(0).once('close', abort);
  try {
    const response = await options.fetch(url, {
      method,
      headers,
      body: body === undefined ? null : new Uint8Array(body),
      redirect: 'manual',
      signal: AbortSignal.any([gone.signal, AbortSignal.timeout(timeoutMs)]),
    });
    return { status: response.status, headers: response.headers, body: await readBody(response, maxBytes) };
  } finally {
    request.socket.off('close', abort);
  }
}

async function readBody({ body }: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new Error(`the response exceeds ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Reads the body of a request from the browser.
 * @throws {RouterError} PAYLOAD_TOO_LARGE
 */
export async function readRequestBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // With `destroyOnReturn: false`, leaving the loop early does not destroy the connection, on which the
  // browser waits for the error response.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBytes)
      throw new RouterError('PAYLOAD_TOO_LARGE', `request body exceeds the limit of ${maxBytes} bytes`, {
        headers: { connection: 'close' },
      });
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
