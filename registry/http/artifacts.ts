import type { IncomingMessage } from 'node:http';
import { RegistryError } from '../errors.ts';
import { latestRelease } from '../releases/release-store.ts';
import type { Services } from '../services.ts';
import { readDocument, readDocuments, requireText, sha256Of } from '../store/documents.ts';
import { requireLaunch } from '../store/launches.ts';
import type { ReleaseRow, VariantRow } from '../store/tables.ts';
import { refOf } from '../store/variants.ts';
import type { Reply } from './http-server.ts';

const MAX_WAIT_SECONDS = 60;

type Artifact = { readonly etag: string; readonly reply: () => Promise<Reply> };
type Read = (release: ReleaseRow) => Promise<Artifact>;

/** Request for an artifact. */
export type ArtifactRequest = {
  readonly variant: VariantRow;
  readonly request: IncomingMessage;
  readonly search: URLSearchParams;
  readonly signal: AbortSignal;
};

/** The supergraph that is served. */
export function serveSupergraph(services: Services, asked: ArtifactRequest): Promise<Reply> {
  return longPoll(services, asked, async (release) => {
    const { db, signer } = services;
    const launch = await requireLaunch(db, release.variant_id, release.serving_launch);
    const sha256 = launch.supergraph_sha256;
    if (sha256 === null) throw new Error(`bug: the served launch ${launch.number} has no supergraph`);
    return {
      etag: `"${sha256}"`,
      async reply() {
        const body = requireText(await readDocuments(db, [sha256]), sha256);
        const headers = {
          ...immutableText(sha256),
          'cache-control': 'no-cache',
          'tributary-launch': String(launch.number),
          'tributary-signature': signer().signText(body),
        };
        return { status: 200, headers, body };
      },
    };
  });
}

/** The signed release. */
export function serveRelease(services: Services, asked: ArtifactRequest): Promise<Reply> {
  return longPoll(services, asked, async ({ jws, sequence }) => {
    const headers = {
      'content-type': 'application/jose',
      'cache-control': 'no-cache',
      'tributary-sequence': String(sequence),
    };
    return { etag: `"${sha256Of(jws)}"`, reply: async () => ({ status: 200, headers, body: jws }) };
  });
}

/** A supergraph by its hash. @throws {RegistryError} NOT_FOUND unless a launch of the graph has it */
export async function serveByContent({ db }: Services, graph: string, sha256: string): Promise<Reply> {
  const launch = await db
    .selectFrom('launches')
    .innerJoin('variants', 'variants.id', 'launches.variant_id')
    .select('launches.number')
    .where('variants.graph', '=', graph)
    .where('launches.supergraph_sha256', '=', sha256)
    .limit(1)
    .executeTakeFirst();
  const body = launch === undefined ? undefined : await readDocument(db, sha256);
  if (body === undefined) throw new RegistryError('NOT_FOUND', `${graph} has no supergraph ${sha256}`);
  const headers = { ...immutableText(sha256), 'cache-control': 'private, max-age=31536000, immutable' };
  return { status: 200, headers: { ...headers, etag: `"${sha256}"` }, body };
}

/**
 * Responds at once if the client has another artifact than the current one. Otherwise waits as many seconds
 * as `?wait` says for the next one, and responds with 304 if there is none.
 */
async function longPoll(services: Services, asked: ArtifactRequest, read: Read): Promise<Reply> {
  const { variant, request, search, signal } = asked;
  const known = request.headers['if-none-match'];
  const deadline = performance.now() + waitSeconds(search) * 1_000;
  for (;;) {
    const release = await latestRelease(services.db, variant.id);
    const artifact = release && (await read(release));
    const ms = deadline - performance.now();
    const isNew = artifact !== undefined && !matches(known, artifact.etag);
    if (isNew) return withEtag(await artifact.reply(), artifact.etag);
    if (ms <= 0 || signal.aborted) return notModified(variant, artifact?.etag);
    await services.changes.wait(variant.id, release?.sequence ?? 0, { ms, signal });
  }
}

function withEtag(reply: Reply, etag: string): Reply {
  return { ...reply, headers: { ...reply.headers, etag } };
}

function notModified(variant: VariantRow, etag: string | undefined): Reply {
  if (etag !== undefined) return { status: 304, headers: { etag, 'cache-control': 'no-cache' } };
  throw new RegistryError('NOT_FOUND', `${refOf(variant)} has no launch yet that composes`);
}

function matches(known: string | undefined, etag: string): boolean {
  return known !== undefined && known.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
}

function waitSeconds(search: URLSearchParams): number {
  const seconds = Number(search.get('wait') ?? 0);
  if (seconds >= 0 && seconds <= MAX_WAIT_SECONDS) return seconds;
  throw new RegistryError('BAD_USER_INPUT', `"wait" must be a number of seconds, 0 to ${MAX_WAIT_SECONDS}`);
}

function immutableText(sha256: string): Record<string, string> {
  return {
    'content-type': 'application/graphql; charset=utf-8',
    'repr-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
  };
}
