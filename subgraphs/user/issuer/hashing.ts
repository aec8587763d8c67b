import { overloaded, shopError } from '../../shared/errors.ts';
import type { RequestFacts } from '../../shared/serve.ts';
import { FairQueue, QueueFullError } from './fair-queue.ts';
import { hashPassword, verifyPassword } from './passwords.ts';

/** Hashes passwords, and compares them with hashes. Rejects with OVERLOADED when too much is waiting. */
export type Hashing = {
  readonly hash: (password: string, request: Requester) => Promise<string>;
  /** Takes equally long without a stored hash. */
  readonly verify: (password: string, stored: string | null, request: Requester) => Promise<boolean>;
};

type Requester = Pick<RequestFacts, 'inbound' | 'signal'>;

// A hash takes about 40 ms of a core and a thread of the pool, of which there are four. 32 that wait take 0.7 s, less than the
// router's timeout of 2 s: a login that cannot be done in time is rejected at once and does not look like a failing service.
const limits = { concurrency: 2, maxWaiting: 32, maxWaitingPerLane: 4, maxWaitMs: 1_000 };
const retryAfterMs = 1_000;

/** Clients take turns by their address. */
export function createHashing(monotonic: () => number = () => performance.now()): Hashing {
  const queue = new FairQueue({ ...limits, monotonic });
  const queued = <Result>(task: () => Promise<Result>, { inbound, signal }: Requester) =>
    queue.run(task, { lane: inbound.clientAddress ?? '', signal }).catch((error: unknown) => {
      if (error instanceof QueueFullError) throw overloaded('Too many logins are waiting.', retryAfterMs);
      if (signal.aborted) throw shopError('REQUEST_CANCELLED', 'The request was cancelled.');
      throw error;
    });
  return {
    hash: (password, request) => queued(() => hashPassword(password), request),
    verify: (password, stored, request) => queued(() => verifyPassword(password, stored), request),
  };
}
