import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Release } from './release.ts';

/** The release of a registry with the highest sequence number that this router has received. */
type SeenRelease = {
  readonly sequence: number;
  /** Signed payload of the release in base64url; undefined if the file in which it was stored is damaged. */
  readonly payload: string | undefined;
};

/**
 * Rejects a registry release if a newer one, or another with the same sequence number, was received before.
 * If `directory` is set, releases that were received before a restart of the router are compared too.
 */
export type SeenReleases = {
  /**
   * Returns the reason for rejecting a release. Returns undefined for a release that is not rejected, and
   * remembers its sequence number. The signature must already be verified.
   */
  readonly check: (release: Release, jws: string) => Promise<string | undefined>;
};

export type SeenReleasesOptions = {
  /**
   * Directory in which the highest sequence number is stored. Several processes may use it. If undefined, the
   * number is kept in memory only.
   */
  readonly directory: string | undefined;
  /** Name of the graph and its signing key, because a registry counts sequence numbers per graph and key. */
  readonly name: string;
  /**
   * Time at which the registry was restored from a backup. Sequence numbers that were received before
   * this time are ignored, because the restored registry begins with lower numbers.
   */
  readonly restoredAt: string | undefined;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
};

const recordSchema = z.object({ payload: z.string(), seenAt: z.number() });
type SeenRecord = z.output<typeof recordSchema>;

/** Creates the check that rejects a registry release if a newer one was received before. */
export function openSeenReleases(options: SeenReleasesOptions): SeenReleases {
  const { directory } = options;
  let newest: Promise<SeenRelease | undefined> | undefined;

  async function check({ sequence }: Release, jws: string): Promise<string | undefined> {
    newest ??= directory === undefined ? Promise.resolve(undefined) : readNewest(directory, options);
    const seen = await newest;
    const payload = payloadOf(jws);
    if (seen !== undefined && sequence < seen.sequence) return olderReason(sequence, seen.sequence);
    if (seen?.sequence === sequence)
      return (seen.payload ?? payload) === payload ? undefined : otherReason(sequence);
    newest = Promise.resolve({ sequence, payload });
    if (directory !== undefined) await write(directory, { sequence, payload }, options);
    return undefined;
  }

  return { check };
}

const WAY_OUT =
  'the registry was restored from an older backup. After a restore, set `supergraph.registry.restoredAt` to its time and restart the router';

function olderReason(sequence: number, seen: number): string {
  return `the release has the sequence ${sequence}, but this router has already received ${seen}: an old release is replayed, or ${WAY_OUT}`;
}

function otherReason(sequence: number): string {
  return `the release has the sequence ${sequence} of another release that this router has already received: two registries release this graph, or ${WAY_OUT}`;
}

function payloadOf(jws: string): string | undefined {
  return jws.split('.')[1];
}

/**
 * Returns the path of the file for a sequence number. Each number has a file of its own, so that a slow
 * process cannot overwrite the higher number that another process has stored.
 */
function fileOf(directory: string, name: string, sequence: number): string {
  return join(directory, 'releases', `${name}.${sequence}.json`);
}

async function readNewest(
  directory: string,
  { name, restoredAt }: SeenReleasesOptions,
): Promise<SeenRelease | undefined> {
  const sequences = await sequencesIn(directory, name);
  for (const sequence of sequences.toSorted((a, b) => b - a)) {
    const record = await readRecord(fileOf(directory, name, sequence));
    if (!isForgotten(record, restoredAt)) return { sequence, payload: record?.payload };
  }
  return undefined;
}

/**
 * Returns whether a stored sequence number is ignored after the registry was restored from a backup: if it
 * was stored before the restore, or if its file is damaged.
 */
function isForgotten(record: SeenRecord | undefined, restoredAt: string | undefined): boolean {
  return restoredAt !== undefined && (record === undefined || record.seenAt < Date.parse(restoredAt));
}

async function sequencesIn(directory: string, name: string): Promise<readonly number[]> {
  const files = await readdir(join(directory, 'releases')).catch(() => []);
  return files.flatMap((file) => {
    const sequence = file.startsWith(`${name}.`) ? /^\.(\d+)\.json$/.exec(file.slice(name.length)) : null;
    return sequence === null ? [] : [Number(sequence[1])];
  });
}

async function readRecord(file: string): Promise<SeenRecord | undefined> {
  try {
    return recordSchema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/**
 * Writes the file of a sequence number and removes the files of lower numbers. Errors are ignored, because
 * storing the supergraph in the same directory then fails too, and that error is logged.
 */
async function write(
  directory: string,
  { sequence, payload }: SeenRelease,
  { name, now, restoredAt }: SeenReleasesOptions,
): Promise<void> {
  try {
    await mkdir(join(directory, 'releases'), { recursive: true, mode: 0o700 });
    await writeFile(fileOf(directory, name, sequence), JSON.stringify({ payload, seenAt: now() }), {
      mode: 0o600,
      flush: true,
    });
    for (const other of await sequencesIn(directory, name)) {
      const file = fileOf(directory, name, other);
      const isObsolete =
        other < sequence || (other > sequence && isForgotten(await readRecord(file), restoredAt));
      if (isObsolete) await rm(file, { force: true });
    }
  } catch {
    // The sequence number that could not be written is kept in memory. Until the router restarts, this
    // process therefore rejects older releases.
  }
}
