import { registryName } from '../registry/registry-name.ts';
import { configuredKey, selectKey } from '../registry/signing-key.ts';
import type { SigningKey } from '../registry/signing-key.ts';
import { openSeenReleases } from '../registry/seen-releases.ts';
import type { SeenReleases } from '../registry/seen-releases.ts';
import { verifyRelease } from '../registry/release.ts';
import type { Release } from '../registry/release.ts';
import { SupergraphRejected, rejectionReasons } from '../rejection.ts';
import type { LoadedCanary, LoadedSupergraph, SupergraphSource } from '../supergraph-source.ts';
import { assertSha256, createContentChecks, settleLoad } from './check-content.ts';
import { createDownloads } from './download.ts';
import type { Download } from './download.ts';
import { followReleases } from './follow-releases.ts';
import type { FollowParts, HandledRelease, Waited } from './follow-releases.ts';
import { createRegistryClient } from './registry-client.ts';
import type { ReceivedRelease } from './registry-client.ts';
import type { RegistrySource } from './source-config.ts';

export type RegistrySourceParts = FollowParts & {
  /** Whether the source waits for new releases after the first load. */
  readonly watch: boolean;
  /** Makes the router load the supergraph again. Resolves when the supergraph is active or rejected. */
  readonly onChange: () => Promise<void>;
  /**
   * Directory that stores the sequence number of the last release; if undefined, the number is kept in
   * memory only.
   */
  readonly directory: string | undefined;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
};

/**
 * A release whose supergraphs were all loaded. If the registry still has this release, nothing is loaded
 * again.
 */
type Accepted = ReceivedRelease & { readonly loaded: LoadedSupergraph };

/** A release whose signature was verified, and the downloaded supergraphs that it names. */
type Fetched = {
  readonly received: ReceivedRelease;
  readonly key: SigningKey;
  readonly release: Release;
  readonly serving: Buffer;
  readonly canary: Buffer | LoadedCanary | undefined;
};

/**
 * Creates the source that loads the supergraph which a schema registry has released for a graph variant, and
 * then waits for new releases. Every release is verified by its signature, its sequence number and the
 * digests of its supergraphs.
 */
export function createRegistrySource(config: RegistrySource, parts: RegistrySourceParts): SupergraphSource {
  const name = registryName(config);
  const closed = new AbortController();
  const downloads = createDownloads(config, parts);
  const client = createRegistryClient(config);
  const check = createContentChecks(name, closed.signal);
  let trusted: { readonly key: SigningKey; readonly seen: SeenReleases } | undefined;
  let accepted: Accepted | undefined;
  /**
   * Result of the last wait for a new release of the registry. The next load uses it instead of sending a
   * request.
   */
  let waited: Waited | undefined;
  let received: ReceivedRelease | undefined;
  let handled: HandledRelease | undefined;
  let isFollowing = false;

  async function load(): Promise<LoadedSupergraph> {
    const loaded = await settleLoad(loadRelease);
    if (loaded.kind !== 'rejected') handled = accepted && { ...accepted, isAccepted: true };
    else handled = received && { ...received, isAccepted: received.jws === accepted?.jws };
    if (parts.watch && !isFollowing && !closed.signal.aborted) void follow();
    return loaded;
  }

  async function loadRelease(): Promise<LoadedSupergraph> {
    const fetched = await downloads.within(fetch);
    if (fetched === 'unchanged' && accepted !== undefined) return accepted.loaded;
    if (fetched === 'unchanged') throw new Error(`bug: ${name} is unchanged, but was not loaded before`);
    if ('kind' in fetched) return fetched;
    const { loaded, isComplete } = await checkContent(fetched);
    accepted = isComplete ? { ...fetched.received, loaded } : undefined;
    return loaded;
  }

  /**
   * Downloads the registry's release and the supergraphs that it names. Returns the reasons if the release is
   * rejected.
   */
  async function fetch(download: Download): Promise<Fetched | 'unchanged' | LoadedSupergraph> {
    const response = await receive(download);
    received = response === 'unchanged' ? accepted : response;
    if (response === 'unchanged' || response.jws === accepted?.jws) return 'unchanged';
    const { jws } = response;
    const { key, seen } = await trust(download);
    const verified = await verifyRelease(jws, { key: key.key, graph: config.graph });
    if (verified.kind === 'invalid') throw new SupergraphRejected([`${name}: ${verified.reason}`]);
    const { release } = verified;
    const older = await seen.check(release, jws);
    if (older !== undefined) return { kind: 'rejected', reasons: [`${name}: ${older}`], release };
    return rejectedWith(release, async () => ({
      received: response,
      key,
      release,
      serving: await content(release.serving.sha256, download),
      canary: await canaryContent(release, download),
    }));
  }

  async function receive(download: Download): Promise<ReceivedRelease | 'unchanged'> {
    const result = waited;
    waited = undefined;
    if (result?.kind === 'failed') throw result.error;
    if (result?.kind === 'release') return result.received;
    if (result?.kind === 'unchanged' && accepted !== undefined) return 'unchanged';
    return client.release({ download, etag: accepted?.etag });
  }

  async function trust(download: Download) {
    if (trusted !== undefined) return trusted;
    const key = (await configuredKey(config)) ?? (await pinnedKey(download));
    const seen = openSeenReleases({
      ...parts,
      restoredAt: config.restoredAt,
      // Sequence numbers are stored separately for each signing key, because the registry counts them anew
      // after a change of its key.
      name: `${config.graph}.${key.thumbprint.slice(0, 16)}`,
    });
    trusted = { key, seen };
    return trusted;
  }

  async function pinnedKey(download: Download): Promise<SigningKey> {
    const selected = await selectKey(await client.keys(download), config);
    if (selected.kind === 'missing') throw new SupergraphRejected([`${name}: ${selected.reason}`]);
    return selected.key;
  }

  /** Returns the supergraph with the given SHA-256; downloads it only if it was not checked before. */
  async function content(sha256: string, download: Download): Promise<Buffer> {
    const known = check.known(sha256);
    if (known !== undefined) return known;
    const body = await client.supergraph(sha256, download);
    assertSha256(body, sha256, name);
    return body;
  }

  async function canaryContent({ canary }: Release, download: Download): Promise<Fetched['canary']> {
    if (canary === null) return undefined;
    try {
      return await content(canary.sha256, download);
    } catch (error) {
      return { kind: 'unavailable', reasons: rejectionReasons(error) };
    }
  }

  async function checkContent({ received, key, release, serving, canary }: Fetched) {
    const checked = await check.check(release.serving.sha256, serving);
    if (checked.kind !== 'supergraph') return { loaded: { ...checked, release }, isComplete: true };
    const signed = { jws: received.jws, jwk: key.jwk };
    const candidate = Buffer.isBuffer(canary)
      ? await checkedCanary(release.canary?.sha256 ?? '', canary)
      : canary;
    const loaded: LoadedSupergraph = {
      ...checked,
      release,
      signed,
      ...(candidate !== undefined && { canary: candidate }),
    };
    return { loaded, isComplete: canary === undefined || Buffer.isBuffer(canary) };
  }

  async function checkedCanary(sha256: string, body: Buffer): Promise<LoadedCanary> {
    const checked = await settleLoad(() => check.check(sha256, body));
    if (checked.kind === 'supergraph') return { kind: 'supergraph', sdl: checked.sdl };
    return { kind: checked.kind, reasons: checked.reasons };
  }

  async function wait(etag: string | undefined, waitS: number): Promise<Waited> {
    try {
      const received = await downloads.within(
        (download) => client.release({ download, etag, waitS }),
        waitS * 1_000,
      );
      return received === 'unchanged' ? { kind: 'unchanged' } : { kind: 'release', received };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  function follow(): Promise<void> {
    isFollowing = true;
    return followReleases(
      {
        wait,
        handle: async (result) => {
          waited = result;
          await parts.onChange();
        },
        handled: () => handled,
        signal: closed.signal,
      },
      parts,
    );
  }

  return {
    kind: 'registry',
    name,
    load,
    // The source waits for new releases by itself (long polling), so the router need not poll it.
    isPolled: () => false,
    async [Symbol.asyncDispose]() {
      closed.abort();
      // The abort ends `followReleases`. The end is not awaited, because a load in progress may delay it.
      await downloads[Symbol.asyncDispose]();
    },
  };
}

async function rejectedWith<Result>(
  release: Release,
  load: () => Promise<Result>,
): Promise<Result | LoadedSupergraph> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof SupergraphRejected)) throw error;
    return { kind: 'rejected', reasons: error.reasons, release };
  }
}
