import { messageOf, shownUrl } from '../../shared/error-message.ts';
import { assertOk } from './download.ts';
import type { Download, Downloaded } from './download.ts';
import type { RegistrySource } from './source-config.ts';

/** A release as the registry sent it. Its signature and content are not verified yet. */
export type ReceivedRelease = { readonly jws: string; readonly etag: string | undefined };

/** HTTP client for one graph variant in a schema registry. */
export type RegistryClient = {
  /**
   * Returns the release of the graph variant, or `unchanged` if its ETag equals `etag`. If there is no
   * other release yet, the registry waits up to `waitS` seconds for one before it responds.
   */
  readonly release: (request: ReleaseRequest) => Promise<ReceivedRelease | 'unchanged'>;
  readonly supergraph: (sha256: string, download: Download) => Promise<Buffer>;
  /** Returns the JSON Web Key Set of the registry. */
  readonly keys: (download: Download) => Promise<unknown>;
  /** Sends a report to the registry about what this router serves. */
  readonly report: (report: unknown, download: Download) => Promise<void>;
};

export type ReleaseRequest = {
  readonly download: Download;
  readonly etag: string | undefined;
  readonly waitS?: number;
};

/** Creates the client of a schema registry. The API key is sent to the configured address only. */
export function createRegistryClient({ url, key, graph }: RegistrySource): RegistryClient {
  const base = new URL(url);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const [name = '', variant = ''] = graph.split('@');
  const authorization = `Bearer ${key}`;

  function assertServed(response: Downloaded, place: URL): void {
    const hint = HINTS[response.status];
    if (hint !== undefined)
      throw new Error(`${shownUrl(place)}: responded with status ${response.status}: ${hint(graph)}`);
    assertOk(response, place);
  }

  return {
    async release({ download, etag, waitS = 0 }) {
      const place = new URL(`artifacts/${name}/${variant}/release`, base);
      if (waitS > 0) place.searchParams.set('wait', String(waitS));
      const headers = {
        accept: 'application/jose',
        authorization,
        ...(etag !== undefined && { 'if-none-match': etag }),
      };
      const response = await download({ url: place, headers });
      if (response.status === 304 && etag !== undefined) return 'unchanged';
      assertServed(response, place);
      return { jws: response.body.toString('latin1').trim(), etag: response.header('etag') };
    },
    async supergraph(sha256, download) {
      const place = new URL(`artifacts/${name}/supergraphs/${sha256}`, base);
      const response = await download({ url: place, headers: { accept: '*/*', authorization } });
      assertServed(response, place);
      return response.body;
    },
    async report(report, download) {
      const place = new URL(`routers/${name}/${variant}`, base);
      const headers = { 'content-type': 'application/json', authorization };
      const response = await download({
        url: place,
        method: 'POST',
        headers,
        body: JSON.stringify(report),
      });
      if (response.status !== 204) assertServed(response, place);
    },
    async keys(download) {
      const place = new URL('.well-known/jwks.json', base);
      const response = await download({ url: place, headers: { accept: 'application/json' } });
      assertOk(response, place);
      try {
        return JSON.parse(response.body.toString('utf8')) as unknown;
      } catch (error) {
        throw new Error(`${shownUrl(place)}: ${messageOf(error)}`, { cause: error });
      }
    },
  };
}

/** Probable causes of HTTP error statuses of the registry, for error messages. */
const HINTS: Readonly<Record<number, (graph: string) => string>> = {
  401: () =>
    'the registry rejects `supergraph.registry.key`: the key has expired, was revoked, or is one of another registry',
  403: (graph) => `\`supergraph.registry.key\` has no access to ${graph}`,
  404: (graph) =>
    `the registry has no release of ${graph}: nothing was published to it, or its name is wrong`,
};
