import { createHash, createPublicKey, verify } from 'node:crypto';
import { formatFinding } from '../finding.ts';
import { checkInThread } from '../compose-in-thread.ts';
import { SupergraphRejected, rejectionReasons } from '../rejection.ts';
import type { LoadedSupergraph } from '../supergraph-source.ts';

/**
 * Checks in a worker thread that the subgraphs can resolve every query that the supergraph allows
 * (satisfiability).
 * @param place origin of the supergraph, for messages
 */
export async function checkSdl(sdl: string, place: string, signal: AbortSignal): Promise<LoadedSupergraph> {
  const findings = await checkInThread(sdl, signal);
  if (findings.length === 0) return { kind: 'supergraph', sdl, findings: [] };
  return { kind: 'rejected', reasons: findings.map((finding) => formatFinding({ place, ...finding })) };
}

/**
 * Creates the function that checks a downloaded supergraph. If the content equals that of the previous call,
 * the function returns the previous result.
 */
export function createContentCheck(
  place: string,
  signal: AbortSignal,
): (body: Buffer) => Promise<LoadedSupergraph> {
  let last: { readonly body: Buffer; readonly loaded: LoadedSupergraph } | undefined;
  return async (body) => {
    if (last?.body.equals(body) !== true)
      last = { body, loaded: await checkSdl(decodeSdl(body, place), place, signal) };
    return last.loaded;
  };
}

/** Checks the supergraphs of one source. Caches the latest supergraphs and their results by SHA-256. */
export type ContentChecks = {
  /** Returns the content with this SHA-256 if it was checked before; otherwise undefined. */
  readonly known: (sha256: string) => Buffer | undefined;
  readonly check: (sha256: string, body: Buffer) => Promise<LoadedSupergraph>;
};

/**
 * Number of checked supergraphs that are remembered, so that a rollback to one of them needs neither download
 * nor check.
 */
const MAX_CHECKED = 4;

/** Creates the checks of one source. A rollback to a recently checked supergraph needs no new check. */
export function createContentChecks(place: string, signal: AbortSignal): ContentChecks {
  const checked = new Map<string, { readonly body: Buffer; readonly loaded: LoadedSupergraph }>();
  return {
    known: (sha256) => checked.get(sha256)?.body,
    async check(sha256, body) {
      const loaded = checked.get(sha256)?.loaded ?? (await checkSdl(decodeSdl(body, place), place, signal));
      // Deleting and adding the entry again moves it to the end of the map, because the first entries are
      // dropped when the map is full.
      checked.delete(sha256);
      checked.set(sha256, { body, loaded });
      for (const oldest of [...checked.keys()].slice(0, -MAX_CHECKED)) checked.delete(oldest);
      return loaded;
    },
  };
}

function decodeSdl(body: Buffer, place: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new SupergraphRejected([`${place}: the content is not valid UTF-8`]);
  }
}

/**
 * Checks that content has the expected SHA-256, given as hexadecimal digits.
 * @throws {SupergraphRejected} if the content has another SHA-256
 */
export function assertSha256(body: Buffer, expected: string, place: string): void {
  const actual = createHash('sha256').update(body).digest('hex');
  if (actual !== expected)
    throw new SupergraphRejected([`${place}: the content has the SHA-256 ${actual}, expected ${expected}`]);
}

/**
 * Checks the Ed25519 signature of content. The signature is given as 64 bytes, or as Base64 of these bytes.
 * @throws {SupergraphRejected} if the signature does not match the content
 */
export function assertSigned(
  body: Buffer,
  signature: Buffer,
  { key, place }: { key: string; place: string },
): void {
  const bytes =
    signature.length === 64 ? signature : Buffer.from(signature.toString('latin1').trim(), 'base64');
  if (bytes.length !== 64 || !verify(null, body, createPublicKey(key), bytes))
    throw new SupergraphRejected([`${place}: the signature does not match the content and \`publicKey\``]);
}

/**
 * Runs a function that loads a supergraph, and returns its error as a result: `rejected` if the content is
 * invalid, `unavailable` if no content could be loaded.
 */
export async function settleLoad(load: () => Promise<LoadedSupergraph>): Promise<LoadedSupergraph> {
  try {
    return await load();
  } catch (error) {
    const kind = error instanceof SupergraphRejected ? 'rejected' : 'unavailable';
    return { kind, reasons: rejectionReasons(error) };
  }
}
