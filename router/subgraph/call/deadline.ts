import type { StartTimer, SendCall } from './call.ts';
import { timedOut, unsent } from './outcomes.ts';

export type DeadlineOptions = {
  readonly service: string;
  readonly timeoutMs: number;
  /** Time of a whole client request. */
  readonly deadlineMs: number;
  readonly monotonic: () => number;
  readonly startTimer: StartTimer;
};

/** Ends a call at its timeout or at the end of the client request, whichever is first, however the bytes trickle. */
export function withDeadline(send: SendCall, options: DeadlineOptions): SendCall {
  const { service, timeoutMs, deadlineMs, monotonic, startTimer } = options;
  // A call that began when other services had spent the time proves nothing by being late.
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
