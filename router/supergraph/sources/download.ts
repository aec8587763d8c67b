import { Agent, request } from 'undici';
import type { Dispatcher } from 'undici';
import { ACCEPTED_CODINGS, codingOf, decodeBody } from '../../shared/content-coding.ts';
import { codeOrMessageOf, messageOf, shownUrl } from '../../shared/error-message.ts';
import type { Schedule } from '../../shared/schedule.ts';
import { SupergraphRejected } from '../rejection.ts';

export type DownloadRequest = {
  readonly url: URL;
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

export type Downloaded = {
  readonly status: number;
  readonly body: Buffer;
  /** Returns the value of a response header; undefined if the header is absent. */
  readonly header: (name: string) => string | undefined;
};

/** Sends a request and reads the whole response. A redirect is not followed: its response is returned. */
export type Download = (request: DownloadRequest) => Promise<Downloaded>;

export type Downloads = AsyncDisposable & {
  /**
   * Calls `body` with the function that downloads. All downloads must be complete within `timeoutMs` plus
   * `waitMs`, the time for which the server may delay its response until there is a change (long polling).
   */
  readonly within: <Result>(
    body: (download: Download) => Promise<Result>,
    waitMs?: number,
  ) => Promise<Result>;
};

export type DownloadLimits = { readonly timeoutMs: number; readonly maxBytes: number };

/** Creates the HTTP client of one supergraph source. */
export function createDownloads(
  { timeoutMs, maxBytes }: DownloadLimits,
  { schedule }: { readonly schedule: Schedule },
): Downloads {
  // The client closes connections after each response. Otherwise the server might close an idle connection
  // between two polls, and the next request on it would fail.
  const agent = new Agent({ pipelining: 0 });
  const closed = new AbortController();
  return {
    async within(body, waitMs = 0) {
      const late = new AbortController();
      const limitMs = timeoutMs + waitMs;
      using _ = schedule(() => late.abort(new Error(`no complete response within ${limitMs} ms`)), limitMs);
      const signal = AbortSignal.any([closed.signal, late.signal]);
      // Without `await`, the timer would be disposed before the downloads are complete.
      return await body((one) => download(one, { agent, signal, maxBytes }));
    },
    async [Symbol.asyncDispose]() {
      closed.abort(new Error('the router is closing'));
      await agent.destroy();
    },
  };
}

type DownloadOptions = {
  readonly agent: Agent;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
};

async function download(
  { url, method = 'GET', headers, body: content }: DownloadRequest,
  { agent, signal, maxBytes }: DownloadOptions,
): Promise<Downloaded> {
  const name = shownUrl(url);
  try {
    const sent = { 'accept-encoding': ACCEPTED_CODINGS, ...headers };
    const response = await request(url, {
      method,
      headers: sent,
      ...(content !== undefined && { body: content }),
      dispatcher: agent,
      signal,
    });
    const received = await readAll(response.body, name, maxBytes);
    const body = await decoded(received, response.headers['content-encoding'], { name, maxBytes });
    return { status: response.statusCode, body, header: (key) => [response.headers[key]].flat()[0] };
  } catch (error) {
    if (error instanceof SupergraphRejected) throw error;
    throw new Error(`${name}: ${failureOf(error)}`, { cause: error });
  }
}

/**
 * Returns the message of a network error. If several connection attempts failed, the message is empty, so the
 * error's code is returned, such as `ECONNREFUSED`.
 */
function failureOf(error: unknown): string {
  const message = messageOf(error);
  return message === '' ? codeOrMessageOf(error) : message;
}

async function readAll(
  stream: Dispatcher.ResponseData['body'],
  name: string,
  maxBytes: number,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(name, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function decoded(
  body: Buffer,
  header: string | readonly string[] | undefined,
  { name, maxBytes }: { readonly name: string; readonly maxBytes: number },
): Promise<Buffer> {
  // An empty body is not decoded: a response to HEAD has no body, although its header may name a content
  // coding.
  if (body.length === 0) return body;
  const coding = codingOf(header);
  if (coding === undefined) throw new Error(`the content coding ${[header].flat().join()} is not supported`);
  const result = await decodeBody(body, coding, maxBytes);
  if (result.kind === 'malformed') throw new Error(`the body is not valid ${coding}`);
  if (result.kind === 'too large') throw tooLarge(name, maxBytes);
  return result.bytes;
}

function tooLarge(name: string, maxBytes: number): SupergraphRejected {
  return new SupergraphRejected([
    `${name}: the response exceeds the limit of ${maxBytes} bytes (\`maxBytes\`)`,
  ]);
}

/** Returns the value of an `authorization` header with user name and password (RFC 7617). */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Throws unless a response has status 200. */
export function assertOk({ status }: Downloaded, url: URL | string): void {
  if (status === 200) return;
  const isRedirect = status >= 300 && status < 400;
  throw new Error(
    `${shownUrl(url)}: responded with status ${status}${isRedirect ? ', redirects are not followed' : ''}`,
  );
}
