import type { Schedule } from '../../shared/schedule.ts';
import type { After } from './call.ts';

/** In a ring in the order in which they are due; the clock's own place is before the first and after the last. */
type Alarm = {
  readonly due: number;
  readonly ring: () => void;
  previous: Alarm;
  next: Alarm;
};

/**
 * Alarms that are nearly all called off before they ring, as those of calls are: one timer stands for all of them, where one for
 * each would be made, counted and taken away again with every call.
 *
 * @param parts.schedule the timers; they need not be exact.
 */
export function createAlarms(parts: {
  readonly monotonic: () => number;
  readonly schedule: Schedule;
}): After {
  const { monotonic, schedule } = parts;
  const clock = createClock();
  let timer: Disposable | undefined;
  let timerDue = Infinity;

  function ringDue(): void {
    timerDue = Infinity;
    const now = monotonic();
    try {
      for (let first = clock.next; first.due <= now; first = clock.next) {
        remove(first);
        first.ring();
      }
    } finally {
      setTimer();
    }
  }

  function setTimer(): void {
    const { due } = clock.next;
    if (due >= timerDue) return;
    timer?.[Symbol.dispose]();
    timerDue = due;
    // Timers come before sockets in a turn of the event loop: after a long one, what has arrived meanwhile is read first.
    timer = schedule(() => setImmediate(ringDue), Math.max(due - monotonic(), 0));
  }

  return (delayMs, ring) => {
    const due = monotonic() + delayMs;
    let previous = clock.previous;
    while (previous !== clock && previous.due > due) previous = previous.previous;
    const alarm: Alarm = { due, ring, previous, next: previous.next };
    previous.next.previous = alarm;
    previous.next = alarm;
    setTimer();
    return () => {
      remove(alarm);
    };
  };
}

function createClock(): Alarm {
  const clock: Partial<Alarm> & { due: number; ring: () => void } = { due: Infinity, ring: () => undefined };
  return Object.assign(clock, { previous: clock as Alarm, next: clock as Alarm });
}

/** More than once does no harm. */
function remove(alarm: Alarm): void {
  alarm.previous.next = alarm.next;
  alarm.next.previous = alarm.previous;
  alarm.previous = alarm;
  alarm.next = alarm;
}
