import type { OciSource } from './source-config.ts';
import { assertOk, basicAuthorization } from './download.ts';
import { shownUrl } from '../../shared/error-message.ts';
import type { Download, Downloaded } from './download.ts';

/** Reads manifests and blobs of one repository in an OCI registry (OCI distribution specification). */
export type OciClient = {
  readonly get: (path: string, options: OciRequest) => Promise<Downloaded>;
};

export type OciRequest = {
  readonly download: Download;
  readonly method?: 'GET' | 'HEAD';
  readonly accept?: string;
  /** Error statuses for which the response is returned instead of throwing an error. */
  readonly allowed?: readonly number[];
};

const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Creates the client of a repository. The client sends credentials only after the registry has required them.
 * The client uses the token that it receives for them until the registry rejects the token.
 */
export function createOciClient(config: OciSource): OciClient {
  const { registry, repository } = config.reference;
  const scheme = isPlain(config) ? 'http:' : 'https:';
  const base = `${scheme}//${registry}/v2/${repository}/`;
  let authorization = config.token === undefined ? undefined : `Bearer ${config.token}`;

  async function get(path: string, options: OciRequest): Promise<Downloaded> {
    const url = new URL(path, base);
    let response = await send(url, options);
    const challenge = response.status === 401 ? response.header('www-authenticate') : undefined;
    if (challenge !== undefined && config.token === undefined) {
      authorization = await authorize(challenge, options.download);
      response = await send(url, options);
    }
    response = await redirected(response, url, options);
    if (options.allowed?.includes(response.status) !== true) assertOk(response, url);
    return response;
  }

  function send(url: URL, { download, method, accept }: OciRequest): Promise<Downloaded> {
    return download({
      url,
      ...(method && { method }),
      headers: {
        ...(accept !== undefined && { accept }),
        ...(authorization !== undefined && { authorization }),
      },
    });
  }

  async function authorize(challenge: string, download: Download): Promise<string | undefined> {
    if (/^basic\b/i.test(challenge)) return basicOf(config);
    const { realm, service, scope } = parametersOf(challenge);
    if (realm === undefined || !/^bearer\b/i.test(challenge)) return undefined;
    const url = referredUrl(realm);
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('scope', scope ?? `repository:${repository}:pull`);
    const basic = basicOf(config);
    const response = await download({ url, headers: basic === undefined ? {} : { authorization: basic } });
    assertOk(response, url);
    return `Bearer ${tokenIn(response.body.toString('utf8'), url)}`;
  }

  /**
   * Follows redirects of the registry to its storage, without sending credentials. A blob may come from any
   * host, because its digest is verified.
   */
  async function redirected(
    response: Downloaded,
    from: URL,
    { download, accept }: OciRequest,
  ): Promise<Downloaded> {
    let [current, url] = [response, from];
    for (let followed = 0; followed < MAX_REDIRECTS && REDIRECTS.has(current.status); followed++) {
      const location = current.header('location');
      if (location === undefined) return current;
      url = referredUrl(location, url);
      // Without the media type in `accept`, some registries respond that they do not have the manifest.
      current = await download({ url, headers: { ...(accept !== undefined && { accept }) } });
    }
    if (REDIRECTS.has(current.status))
      throw new Error(`${shownUrl(from)}: more than ${MAX_REDIRECTS} redirects`);
    return current;
  }

  /**
   * Parses a URL that the registry has sent in a redirect or in a `WWW-Authenticate` challenge. A relative
   * URL is resolved against `from`.
   */
  function referredUrl(text: string, from?: URL): URL {
    const url = URL.parse(text, from);
    if (url === null) throw new Error(`${shownUrl(base)}: the registry refers to an invalid URL`);
    if (url.protocol !== 'https:' && url.protocol !== scheme)
      throw new Error(`${shownUrl(base)}: the registry refers to ${shownUrl(url)}, which is not https`);
    return url;
  }

  return { get };
}

function isPlain({ plainHttp, reference }: OciSource): boolean {
  const { hostname } = new URL(`http://${reference.registry}`);
  return plainHttp ?? (hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.'));
}

function basicOf({ username, password }: OciSource): string | undefined {
  if (username === undefined || password === undefined) return undefined;
  return basicAuthorization(username, password);
}

/** Returns the parameters of a `WWW-Authenticate` header, such as `Bearer realm="…",service="…"`. */
function parametersOf(challenge: string): Readonly<Record<string, string>> {
  const pairs = challenge.matchAll(/(\w+)="([^"]*)"/g);
  return Object.fromEntries([...pairs].map(([, key = '', value = '']) => [key.toLowerCase(), value]));
}

function tokenIn(text: string, url: URL): string {
  const { token, access_token: accessToken } = parsedObject(text);
  const value = token ?? accessToken;
  if (typeof value !== 'string') throw new Error(`${shownUrl(url)}: the response has no token`);
  return value;
}

/**
 * Parses a JSON object. Returns an empty object for invalid JSON instead of throwing, because the message of
 * `JSON.parse` would quote a part of the text, which contains a token.
 */
function parsedObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
