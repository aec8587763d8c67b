import type { StartTimer } from '../../../router/subgraph/call/call.ts';

/** A monotonic clock that moves when told, and rings what falls due on the way. */
export type ManualClock = {
  readonly monotonic: () => number;
  readonly after: StartTimer;
  advance(ms: number): void;
};

export function createManualClock(): ManualClock {
  let now = 0;
  const alarms = new Set<{ readonly at: number; readonly ring: () => void }>();
  return {
    monotonic: () => now,
    after(delayMs, ring) {
      const alarm = { at: now + delayMs, ring };
      alarms.add(alarm);
      return () => alarms.delete(alarm);
    },
    advance(ms) {
      now += ms;
      const due = [...alarms].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
      for (const alarm of due) {
        if (alarms.delete(alarm)) alarm.ring();
      }
    },
  };
}
