import type { Schedule } from '../../shared/schedule.ts';
import type { StartTimer } from './call.ts';

/**
 * Entry of a circular linked list of timers, ordered by due time. One entry, the sentinel, marks the begin
 * and end of the list and is not a timer.
 */
type TimerEntry = {
  readonly due: number;
  readonly callback: () => void;
  previous: TimerEntry;
  next: TimerEntry;
};

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
  const sentinel = createSentinel();
  let timer: Disposable | undefined;
  let timerDue = Infinity;

  function runDue(): void {
    timerDue = Infinity;
    const now = monotonic();
    try {
      for (let first = sentinel.next; first.due <= now; first = sentinel.next) {
        remove(first);
        first.callback();
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

  return (delayMs, callback) => {
    const due = monotonic() + delayMs;
    let previous = sentinel.previous;
    while (previous !== sentinel && previous.due > due) previous = previous.previous;
    const entry: TimerEntry = { due, callback, previous, next: previous.next };
    previous.next.previous = entry;
    previous.next = entry;
    setTimer();
    return () => {
      remove(entry);
    };
  };
}

function createSentinel(): TimerEntry {
  const sentinel: Partial<TimerEntry> & { due: number; callback: () => void } = {
    due: Infinity,
    callback: () => undefined,
  };
  return Object.assign(sentinel, { previous: sentinel as TimerEntry, next: sentinel as TimerEntry });
}

/** Removes an entry from the list. If the entry was already removed, this has no effect. */
function remove(entry: TimerEntry): void {
  entry.previous.next = entry.next;
  entry.next.previous = entry.previous;
  entry.previous = entry;
  entry.next = entry;
}
