import { createHash } from 'node:crypto';
import { startWebServer } from './web-server.ts';
import type { WebRequest, WebResponse, WebServer } from './web-server.ts';

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

export type OciRegistry = AsyncDisposable & {
  readonly web: WebServer;
  /** Stores an artifact as Apollo's registry does, moves a tag to it and returns its digest. */
  readonly push: (tag: string, sdl: string) => string;
  /** Content by digest; a test may change it. */
  readonly blobs: Map<string, Buffer>;
  /** Digests of manifests by tag. */
  readonly tags: Map<string, string>;
};

/** A registry with one repository, `shop/graph`. */
export async function startOciRegistry(): Promise<OciRegistry> {
  const blobs = new Map<string, Buffer>();
  const tags = new Map<string, string>();
  const add = (content: string) => {
    const bytes = Buffer.from(content);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  };
  const respond = ({ path }: WebRequest): WebResponse => {
    const [, kind, reference = ''] = /^\/v2\/shop\/graph\/(manifests|blobs)\/(.+)$/.exec(path) ?? [];
    const digest = tags.get(reference) ?? reference;
    const body = blobs.get(digest);
    if (body === undefined) return { status: 404 };
    const type = kind === 'manifests' ? MANIFEST_TYPE : 'application/octet-stream';
    return { headers: { 'content-type': type, 'docker-content-digest': digest }, body };
  };
  const web = await startWebServer(respond);
  return {
    web,
    blobs,
    tags,
    push(tag, sdl) {
      const other = { mediaType: 'application/apollo.other', ...add('{}') };
      const schema = { mediaType: 'application/apollo.schema', ...add(sdl) };
      const manifest = {
        schemaVersion: 2,
        mediaType: MANIFEST_TYPE,
        artifactType: 'application/apollo.graph',
        config: { mediaType: 'application/vnd.oci.empty.v1+json', ...add('{}') },
        layers: [other, schema],
        annotations: { 'com.apollograph.launch.id': 'launch-1' },
      };
      const { digest } = add(JSON.stringify(manifest));
      tags.set(tag, digest);
      return digest;
    },
    [Symbol.asyncDispose]: () => web[Symbol.asyncDispose](),
  };
}
