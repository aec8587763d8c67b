import type { Schedule } from '../../shared/schedule.ts';
import type { StartTimer, TimeoutListener, Timer } from './call.ts';

/**
 * Timer in a circular linked list, which is ordered by due time. The list begins and ends at a sentinel,
 * which is never due.
 */
class QueuedTimer implements Timer {
  readonly due: number;
  readonly listener: TimeoutListener;
  previous: QueuedTimer = this;
  next: QueuedTimer = this;

  constructor(due: number, listener: TimeoutListener) {
    this.due = due;
    this.listener = listener;
  }

  insertBehind(previous: QueuedTimer): void {
    this.previous = previous;
    this.next = previous.next;
    previous.next.previous = this;
    previous.next = this;
  }

  /** Removes the timer from the list. If it was already removed, this has no effect. */
  cancel(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
  }
}

/**
 * Creates a function that starts timers, all of which share one timer of the runtime (Node). This is cheaper
 * than a runtime timer for each call, because nearly all timers of calls are cancelled before they are due.
 * @param parts.schedule starts a timer of the runtime, which need not be exact
 */
export function createTimerQueue(parts: {
  readonly monotonic: () => number;
  readonly schedule: Schedule;
}): StartTimer {
  const { monotonic, schedule } = parts;
  const sentinel = new QueuedTimer(Infinity, { onTimeout: () => undefined });
  let timer: Disposable | undefined;
  let timerDue = Infinity;

  function runDue(): void {
    timerDue = Infinity;
    const now = monotonic();
    try {
      for (let first = sentinel.next; first.due <= now; first = sentinel.next) {
        first.cancel();
        first.listener.onTimeout();
      }
    } finally {
      setTimer();
    }
  }

  function setTimer(): void {
    const { due } = sentinel.next;
    if (due >= timerDue) return;
    timer?.[Symbol.dispose]();
    timerDue = due;
    // The event loop runs timers before it reads sockets. After a long turn of the event loop, responses may
    // have arrived but not been read. With `setImmediate` they are read first, so that their calls do not
    // time out.
    timer = schedule(() => setImmediate(runDue), Math.max(due - monotonic(), 0));
  }

  return (delayMs, listener) => {
    const added = new QueuedTimer(monotonic() + delayMs, listener);
    let previous = sentinel.previous;
    while (previous !== sentinel && previous.due > added.due) previous = previous.previous;
    added.insertBehind(previous);
    setTimer();
    return added;
  };
}
