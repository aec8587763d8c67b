import { overloaded, shopError } from '../../shared/errors.ts';
import type { RequestFacts } from '../../shared/serve.ts';
import { FairQueue, QueueFullError } from './fair-queue.ts';
import { hashPassword, verifyPassword } from './passwords.ts';

/** Hashes passwords and compares them with hashes. Rejects with OVERLOADED if the queue is full. */
export type Hashing = {
  readonly hash: (password: string, request: Requester) => Promise<string>;
  /** Takes the same time without a stored hash. */
  readonly verify: (password: string, stored: string | null, request: Requester) => Promise<boolean>;
};

type Requester = Pick<RequestFacts, 'inbound' | 'signal'>;

// A hash takes about 40 ms of one of the four threads of the pool. 32 waiting tasks take 0.7 s, less than the
// router's timeout of 2 s: a login that would be too late is rejected at once and does not count as a failure
// of the service.
const limits = { concurrency: 2, maxWaiting: 32, maxWaitingPerLane: 4, maxWaitMs: 1_000 };
const retryAfterMs = 1_000;

/** Queues the tasks by client address. */
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
