import type { Schedule } from '../../shared/schedule.ts';
import type { ReceivedRelease } from './registry-client.ts';

/** Result of waiting until a registry has a new release (signed statement of which supergraph to serve). */
export type Waited =
  | { readonly kind: 'release'; readonly received: ReceivedRelease }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** The last release that the router received from the registry, and whether the router accepted it. */
export type HandledRelease = ReceivedRelease & { readonly isAccepted: boolean };

export type FollowParts = {
  readonly schedule: Schedule;
  readonly monotonic: () => number;
  readonly random: () => number;
};

export type ReleaseWaiter = {
  /**
   * Waits at most `waitS` seconds until the registry has a release whose ETag differs from `etag`. The
   * promise never rejects.
   */
  readonly wait: (etag: string | undefined, waitS: number) => Promise<Waited>;
  /** Makes the router load the release in `waited`, or request the release if `waited` is undefined. */
  readonly handle: (waited: Waited | undefined) => Promise<void>;
  readonly handled: () => HandledRelease | undefined;
  readonly signal: AbortSignal;
};

/**
 * Seconds for which the registry may delay its response until there is a new release (long polling). Many
 * proxies close a silent connection after 60 s.
 */
const WAIT_S = 25;
/**
 * Seconds after which a rejected release is downloaded again even if its ETag has not changed, because the
 * release may have been damaged in transfer.
 */
const REJECTED_WAIT_S = 10;

/**
 * Minimum duration in milliseconds of a wait that ends with "no change". If the registry responds sooner, it
 * does not support waiting, and the next request is delayed.
 */
const MIN_WAIT_MS = 1_000;

const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 2_000;

/**
 * Waits for each new release of the registry and passes it to `handle`, until `signal` aborts. After a
 * failure it tries again with a rising delay.
 */
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
    // After a failure the registry must not delay its response, so that the router notices at once that the
    // registry is available again.
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
  /** Whether the registry delayed its response, as requested, instead of responding at once. */
  readonly hasWaited: boolean;
};

/**
 * Returns whether the next request may be sent to the registry at once. The request is delayed if the
 * registry would probably send the same response again.
 */
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

/**
 * Returns the milliseconds until the next attempt. Half of the time is random, so that many routers do not
 * reconnect at the same time.
 */
function retryMs(failures: number, random: number): number {
  return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1)) * (0.5 + random / 2);
}

function delay(ms: number, signal: AbortSignal, schedule: Schedule): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = schedule(resolve, ms);
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => timer[Symbol.dispose]());
}
