import type { StartTimer, SendCall } from './call.ts';
import { timedOut, unsent } from './outcomes.ts';

export type DeadlineOptions = {
  readonly service: string;
  readonly timeoutMs: number;
  /** Maximum duration of a whole client request in milliseconds. */
  readonly deadlineMs: number;
  readonly monotonic: () => number;
  readonly startTimer: StartTimer;
};

/**
 * Ends a call at its own timeout or at the deadline of the client request, whichever comes first. An
 * incomplete response is discarded.
 */
export function withDeadline(send: SendCall, options: DeadlineOptions): SendCall {
  const { service, timeoutMs, deadlineMs, monotonic, startTimer } = options;
  // A timeout counts as a failure of the subgraph only if the call had at least this time, which is half of
  // the normal time. A call has less if earlier calls of the client request used up most of it; its timeout
  // is ignored.
  const fairMs = Math.min(timeoutMs, deadlineMs) / 2;
  return (call, settle) => {
    const now = monotonic();
    const allowedMs = Math.min(timeoutMs, call.context.deadline - now);
    if (allowedMs <= 0) return settle(unsent(timedOut(service, 'ignored')));
    const outcome = allowedMs >= fairMs ? 'timeout' : 'ignored';
    const cancel = startTimer(allowedMs, () => {
      call.interrupt.raise(timedOut(service, outcome));
    });
    call.endsAt = now + allowedMs;
    send(call, (result) => {
      cancel();
      settle(result);
    });
  };
}
