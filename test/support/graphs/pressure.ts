import type { Pressure, WatchPressure } from '../../../router/load-shedding/pressure.ts';

/**
 * Disables load shedding by event-loop delay, for routers that share a process with their clients and
 * subgraphs: the delay is not only theirs.
 */
export const noPressure: WatchPressure = () => ({ heap: () => 0, [Symbol.dispose]: () => undefined });

/** Creates a pressure source that the test controls. */
export function manualPressure() {
  let heap = 0;
  const reports = new Set<(pressure: Pressure) => void>();
  const watchPressure: WatchPressure = (report) => {
    reports.add(report);
    return { heap: () => heap, [Symbol.dispose]: () => void reports.delete(report) };
  };
  return {
    watchPressure,
    /** Sets the heap between reports. */
    setHeap(share: number): void {
      heap = share;
    },
    report(pressure: Partial<Pressure>): void {
      for (const report of reports) report({ ms: 100, delayMs: 0, busy: 0.5, heap: 0.2, ...pressure });
    },
  };
}
