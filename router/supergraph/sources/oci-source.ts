import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { OciSource } from './source-config.ts';
import { messageOf } from '../../shared/error-message.ts';
import type { Schedule } from '../../shared/schedule.ts';
import { SupergraphRejected } from '../rejection.ts';
import type { LoadedSupergraph, SupergraphSource } from '../supergraph-source.ts';
import { assertSha256, createContentCheck, settleLoad } from './check-content.ts';
import { createDownloads } from './download.ts';
import type { Download } from './download.ts';
import { createOciClient } from './oci-client.ts';

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
/**
 * Media type of the layer that contains the supergraph in Apollo's graph artifacts. All other layers are
 * ignored.
 */
const SCHEMA_TYPE = 'application/apollo.schema';
/** Statuses with which a registry shows that it does not support HEAD requests. */
const WITHOUT_HEAD: readonly number[] = [405, 501];
const DIGEST = /^sha256:[\da-f]{64}$/;

const digest = z.string().regex(DIGEST, 'must be a SHA-256 digest');
const manifestSchema = z.object({
  mediaType: z.literal(MANIFEST_TYPE, { error: `must be ${MANIFEST_TYPE}` }).optional(),
  layers: z.array(z.object({ mediaType: z.string(), digest: z.string() })),
});

/**
 * Creates the source that loads the supergraph from a graph artifact in an OCI registry. All downloaded
 * content is verified by its digest.
 */
export function createOciSource(
  config: OciSource,
  { schedule }: { readonly schedule: Schedule },
): SupergraphSource {
  const { reference, text: name } = config;
  const { version } = reference;
  const closed = new AbortController();
  const downloads = createDownloads(config, { schedule });
  const client = createOciClient(config);
  const check = createContentCheck(name, closed.signal);
  let cached: { readonly manifest: string; readonly loaded: LoadedSupergraph } | undefined;

  async function load(): Promise<LoadedSupergraph> {
    const fetched = await downloads.within(async (download) => {
      const current = version.kind === 'digest' ? version.value : await currentDigest(download);
      return current === cached?.manifest ? undefined : fetchSdl(current, download);
    });
    if (fetched !== undefined) {
      const { manifest, body } = fetched;
      cached = { manifest, loaded: await check(body) };
    }
    if (cached === undefined) throw new Error('bug: no supergraph although its digest is unchanged');
    return cached.loaded;
  }

  /**
   * Returns the digest of the manifest to which the tag refers at present. If the registry does not support
   * HEAD requests, or sends no digest, the manifest is downloaded and its digest computed.
   */
  async function currentDigest(download: Download): Promise<string> {
    const path = `manifests/${version.value}`;
    const request = { download, accept: MANIFEST_TYPE };
    const head = await client.get(path, { ...request, method: 'HEAD', allowed: WITHOUT_HEAD });
    const sent = WITHOUT_HEAD.includes(head.status) ? undefined : head.header('docker-content-digest');
    const known = digest.safeParse(sent).data;
    if (known !== undefined) return known;
    const { body } = await client.get(path, request);
    return `sha256:${createHash('sha256').update(body).digest('hex')}`;
  }

  async function fetchSdl(current: string, download: Download) {
    const { body } = await client.get(`manifests/${current}`, { download, accept: MANIFEST_TYPE });
    assertDigest(body, current, `${name}: manifest`);
    const layer = schemaLayer(body);
    const blob = await client.get(`blobs/${layer}`, { download });
    assertDigest(blob.body, layer, `${name}: layer`);
    return { manifest: current, body: blob.body };
  }

  function schemaLayer(body: Buffer): string {
    const { layers } = readManifest(body);
    const layer = layers.find(({ mediaType }) => mediaType === SCHEMA_TYPE);
    if (layer === undefined)
      throw new SupergraphRejected([`${name}: the manifest has no layer with the media type ${SCHEMA_TYPE}`]);
    if (!DIGEST.test(layer.digest))
      throw new SupergraphRejected([`${name}: the layer has the digest ${layer.digest}, expected sha256`]);
    return layer.digest;
  }

  function readManifest(body: Buffer): z.output<typeof manifestSchema> {
    try {
      return manifestSchema.parse(JSON.parse(body.toString('utf8')));
    } catch (error) {
      const reasons = error instanceof z.ZodError ? error.issues.map(describeIssue) : [messageOf(error)];
      throw new SupergraphRejected(reasons.map((reason) => `${name}: invalid manifest: ${reason}`));
    }
  }

  return {
    kind: 'oci',
    name,
    load: () => settleLoad(load),
    isPolled: () => version.kind === 'tag' || cached === undefined,
    async [Symbol.asyncDispose]() {
      closed.abort();
      await downloads[Symbol.asyncDispose]();
    },
  };
}

function assertDigest(body: Buffer, expected: string, place: string): void {
  assertSha256(body, expected.slice('sha256:'.length), place);
}

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  return `${path.join('.') || '(top level)'}: ${message}`;
}
