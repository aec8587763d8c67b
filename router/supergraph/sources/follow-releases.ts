import type { Schedule } from '../../shared/schedule.ts';
import type { ReceivedRelease } from './registry-client.ts';

/** Result of waiting for a release. */
export type Waited =
  | { readonly kind: 'release'; readonly received: ReceivedRelease }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** The last release that was accepted or rejected. */
export type HandledRelease = ReceivedRelease & { readonly isAccepted: boolean };

export type FollowParts = {
  readonly schedule: Schedule;
  readonly monotonic: () => number;
  readonly random: () => number;
};

export type ReleaseWaiter = {
  /** Waits for a release with another ETag. Never rejects. */
  readonly wait: (etag: string | undefined, waitS: number) => Promise<Waited>;
  /** Loads the release; undefined requests it again. */
  readonly handle: (waited: Waited | undefined) => Promise<void>;
  readonly handled: () => HandledRelease | undefined;
  readonly signal: AbortSignal;
};

/** Seconds that the registry may hold a request. Many proxies close a silent connection after 60 s. */
const WAIT_S = 25;
/**
 * Seconds until a rejected release is requested again. It may have been altered on the way, which does not
 * change its ETag.
 */
const REJECTED_WAIT_S = 10;

/** Milliseconds before which a response without a change is too early: the registry did not wait. */
const MIN_WAIT_MS = 1_000;

const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 2_000;

/** Waits for one release after another until the signal aborts. Failures are retried with a rising delay. */
export async function followReleases(
  { wait, handle, handled, signal }: ReleaseWaiter,
  parts: FollowParts,
): Promise<void> {
  let failures = 0;
  let hasFailed = false;
  while (!signal.aborted) {
    const startedAt = parts.monotonic();
    const before = handled();
    const isRejected = before?.isAccepted === false;
    // After a failure the registry responds at once, so that the source is known to be available again.
    const waitS = hasFailed ? 0 : isRejected ? REJECTED_WAIT_S : WAIT_S;
    const waited = await wait(before?.etag, waitS);
    if (signal.aborted) return;
    await handle(waited.kind === 'unchanged' && isRejected ? undefined : waited);
    hasFailed = waited.kind === 'failed';
    const hasWaited = waitS === 0 || parts.monotonic() - startedAt >= MIN_WAIT_MS;
    failures = isProgress(waited, { before, after: handled(), hasWaited }) ? 0 : failures + 1;
    if (failures > 0) await delay(retryMs(failures, parts.random()), signal, parts.schedule);
  }
}

type Progress = {
  readonly before: HandledRelease | undefined;
  readonly after: HandledRelease | undefined;
  /** Whether the registry has waited as long as it was asked to, roughly. */
  readonly hasWaited: boolean;
};

/** Returns false if the next request may have the same result at once. */
function isProgress(waited: Waited, { before, after, hasWaited }: Progress): boolean {
  switch (waited.kind) {
    case 'release':
      return waited.received.jws === after?.jws && waited.received.jws !== before?.jws;
    case 'unchanged':
      return hasWaited;
    case 'failed':
      return false;
  }
}

/** Half of the delay is random, so that many routers do not reconnect at the same time. */
function retryMs(failures: number, random: number): number {
  return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1)) * (0.5 + random / 2);
}

function delay(ms: number, signal: AbortSignal, schedule: Schedule): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = schedule(resolve, ms);
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => timer[Symbol.dispose]());
}
