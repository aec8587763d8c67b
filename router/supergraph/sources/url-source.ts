import type { UrlSource } from './source-config.ts';
import type { Schedule } from '../../shared/schedule.ts';
import type { LoadedSupergraph, SupergraphSource } from '../supergraph-source.ts';
import { assertSha256, assertSigned, createContentCheck, settleLoad } from './check-content.ts';
import { assertOk, basicAuthorization, createDownloads } from './download.ts';
import { shownUrl } from '../../shared/error-message.ts';
import type { Download, Downloaded } from './download.ts';

type Cached = { readonly etag: string | undefined; readonly loaded: LoadedSupergraph };

/**
 * Creates the source that loads the supergraph from an HTTP address. If the supergraph has not changed, it is
 * neither transferred nor checked again.
 */
export function createUrlSource(
  config: UrlSource,
  { schedule }: { readonly schedule: Schedule },
): SupergraphSource {
  const { url, sha256, publicKey } = config;
  const name = shownUrl(url);
  const closed = new AbortController();
  const downloads = createDownloads(config, { schedule });
  const check = createContentCheck(name, closed.signal);
  let cached: Cached | undefined;

  async function load(): Promise<LoadedSupergraph> {
    const response = await downloads.within((download) => fetchChanged(download));
    if (response === 'unchanged' && cached !== undefined) return cached.loaded;
    if (response === 'unchanged')
      throw new Error(`${name}: responded with status 304 to a request without ETag`);
    cached = { etag: response.header('etag'), loaded: await check(response.body) };
    return cached.loaded;
  }

  async function fetchChanged(download: Download): Promise<Downloaded | 'unchanged'> {
    const etag = cached?.etag;
    const response = await download({
      url: new URL(url),
      headers: {
        accept: '*/*',
        ...credentialsOf(config),
        ...config.headers,
        ...(etag !== undefined && { 'if-none-match': etag }),
      },
    });
    if (response.status === 304) return 'unchanged';
    assertOk(response, url);
    if (sha256 !== undefined) assertSha256(response.body, sha256, name);
    if (publicKey !== undefined) await assertSignedBy(publicKey, response.body, download);
    return response;
  }

  async function assertSignedBy(key: string, body: Buffer, download: Download): Promise<void> {
    const signatureUrl = new URL(config.signatureUrl ?? withSuffix(url, '.sig'));
    // The configured headers may contain credentials, so they are sent to the signature's URL only if it has
    // the same origin as the supergraph's URL.
    const headers =
      signatureUrl.origin === new URL(url).origin ? { ...credentialsOf(config), ...config.headers } : {};
    const response = await download({ url: signatureUrl, headers });
    assertOk(response, signatureUrl);
    assertSigned(body, response.body, { key, place: name });
  }

  return {
    kind: 'url',
    name,
    load: () => settleLoad(load),
    // With a configured SHA-256 the content cannot change, so the source is not polled after the first load.
    isPolled: () => sha256 === undefined || cached === undefined,
    async [Symbol.asyncDispose]() {
      closed.abort();
      await downloads[Symbol.asyncDispose]();
    },
  };
}

/**
 * Returns the `authorization` header for the user name and password in the URL. Returns no header if the
 * configured `headers` contain `authorization` themselves.
 */
function credentialsOf({ url, headers = {} }: UrlSource): Readonly<Record<string, string>> {
  const { username, password } = new URL(url);
  const isSet = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  if (isSet || (username === '' && password === '')) return {};
  return { authorization: basicAuthorization(decodeURIComponent(username), decodeURIComponent(password)) };
}

function withSuffix(url: string, suffix: string): URL {
  const result = new URL(url);
  result.pathname += suffix;
  return result;
}
