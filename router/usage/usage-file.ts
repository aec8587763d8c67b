import { mkdir, readFile, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOrMessageOf } from '../shared/error-message.ts';
import { replaceFile } from '../shared/files/replace-file.ts';
import { fromUsageJson, toUsageJson, toUsageManifest, usageManifest } from './usage-json.ts';
import { UsageTotals } from './usage-totals.ts';
import type { TotalsLimits } from './usage-totals.ts';
import type { UsageDelivery } from '../telemetry/usage-events.ts';
import type { UsageSink } from './usage-sink.ts';
import type { UsageSnapshot } from './usage-window.ts';

export type UsageFileParts = {
  readonly limits: TotalsLimits;
  readonly onDelivery: (delivery: UsageDelivery) => void;
};

/**
 * Creates the sink that adds usage counts to a file. The file has the sums of all processes that write to it,
 * also of earlier runs.
 */
export function createUsageFile(path: string, { limits, onDelivery }: UsageFileParts): UsageSink {
  const pending = new UsageTotals(limits);

  async function addToFile(snapshot: UsageSnapshot): Promise<void> {
    const sum = new UsageTotals(limits);
    const before = await readUsageFile(path);
    if (before !== undefined) sum.add(before);
    sum.add(snapshot);
    await replaceFile(path, JSON.stringify(toUsageManifest(toUsageJson(sum.snapshot())), null, 2));
  }

  return {
    add: (snapshot) => pending.add(snapshot),
    async deliver() {
      if (pending.isEmpty) return;
      const snapshot = pending.take();
      const requests = requestsIn(snapshot);
      try {
        await mkdir(dirname(path), { recursive: true });
        await withLock(`${path}.lock`, () => addToFile(snapshot));
        onDelivery({ to: path, outcome: 'delivered', requests });
      } catch (error) {
        pending.add(snapshot);
        onDelivery({ to: path, outcome: 'failed', requests, reason: codeOrMessageOf(error) });
      }
    },
  };
}

/** Returns the total number of requests in a set of usage counts. */
function requestsIn({ operations, unlisted }: UsageSnapshot): number {
  const counts = operations.flatMap(({ clients }) => clients.map((client) => client.counts.requests));
  return counts.reduce((sum, requests) => sum + requests, unlisted.requests);
}

async function readUsageFile(path: string): Promise<UsageSnapshot | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOrMessageOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined || text.trim() === '') return undefined;
  const parsed = usageManifest.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error('the file was not written by the router, so it is not replaced');
  return fromUsageJson(parsed.data);
}

/** Age in milliseconds from which a lock is removed, because the process that created it must have ended. */
const STALE_LOCK_MS = 60_000;
/**
 * Number of attempts to lock the usage file. Workers that end at the same time all write to it, so each waits
 * up to three seconds for the others.
 */
const LOCK_ATTEMPTS = 60;
const LOCK_RETRY_MS = 50;

/**
 * Runs an action while holding a lock, so that only one process at a time changes the file. The lock is a
 * directory, because creating one is atomic.
 * @throws {Error} if another process keeps the lock
 */
async function withLock(path: string, action: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt += 1) {
    if (await makeLock(path)) {
      try {
        return await action();
      } finally {
        // An error of `rmdir` is ignored, for example if another process has removed the lock as stale. If
        // the error were thrown, the action would seem to have failed, and its counts would be written twice.
        await rmdir(path).catch(() => undefined);
      }
    }
    if (await isStale(path)) await rmdir(path).catch(() => undefined);
    else await delay(LOCK_RETRY_MS);
  }
  throw new Error(`another process keeps ${path}`);
}

async function makeLock(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (codeOrMessageOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function isStale(path: string): Promise<boolean> {
  // The file system records the real time, so the age of the lock is computed with `Date.now()`, and not with
  // the router's clock, which tests replace.
  const madeAt = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
  return Date.now() - madeAt > STALE_LOCK_MS;
}
