import type { CallPath, StartTimer } from './call.ts';
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
export function withDeadline(path: CallPath, options: DeadlineOptions): CallPath {
  const { service, timeoutMs, deadlineMs, monotonic, startTimer } = options;
  // Minimum time that a call must have had (half of the normal time) for its timeout to count as a failure of
  // the subgraph. A call has less time if earlier calls used up most of the time of the client request.
  const fairMs = Math.min(timeoutMs, deadlineMs) / 2;
  return (settle) => {
    const send = path((call, result) => {
      call.timer?.cancel();
      settle(call, result);
    });
    return (call) => {
      const now = monotonic();
      const allowedMs = Math.min(timeoutMs, call.context.deadline - now);
      if (allowedMs <= 0) return settle(call, unsent(timedOut(service, 'ignored')));
      call.timeoutOutcome = allowedMs >= fairMs ? 'timeout' : 'ignored';
      call.endsAt = now + allowedMs;
      call.timer = startTimer(allowedMs, call);
      send(call);
    };
  };
}
