import type { StartTimer, SendCall } from './call.ts';
import { timedOut, unsent } from './outcomes.ts';

export type DeadlineOptions = {
  readonly service: string;
  readonly timeoutMs: number;
  /** Time limit of a whole client request, in milliseconds. */
  readonly deadlineMs: number;
  readonly monotonic: () => number;
  readonly startTimer: StartTimer;
};

/**
 * Ends a call at its timeout or at the end of the client request, whichever is first, even while bytes
 * arrive.
 */
export function withDeadline(send: SendCall, options: DeadlineOptions): SendCall {
  const { service, timeoutMs, deadlineMs, monotonic, startTimer } = options;
  // If earlier calls used most of the time of the request, a timeout does not show that this service is slow.
  const fairMs = Math.min(timeoutMs, deadlineMs) / 2;
  return async (call) => {
    const now = monotonic();
    const allowedMs = Math.min(timeoutMs, call.context.deadline - now);
    if (allowedMs <= 0) return unsent(timedOut(service, 'ignored'));
    const outcome = allowedMs >= fairMs ? 'timeout' : 'ignored';
    const cancel = startTimer(allowedMs, () => {
      call.interrupt.raise(timedOut(service, outcome));
    });
    try {
      return await send({ ...call, endsAt: now + allowedMs });
    } finally {
      cancel();
    }
  };
}
