import { StartError } from '../start/start-error.ts';
import type { Incident } from './incident.ts';
import { pauseRepeatedly } from './paused-process.ts';
import { processOnPort } from './process-on-port.ts';
import { notRunning } from './running-shop.ts';

const PAUSES = { pausedMs: 260, runningMs: 110 };

/** Returns the incident in which one service responds slowly. */
export function slowService(service: string): Incident {
  return {
    name: 'slow-service',
    summary: 'One service takes about a quarter of a second longer for its responses.',
    start: async ({ ports }) => {
      const pid = processOnPort(ports.get(service) ?? 0);
      if (pid === undefined) throw new StartError(notRunning(service));
      const paused = pauseRepeatedly(pid, PAUSES);
      return {
        cause: `${service} was slow: its process was paused for ${PAUSES.pausedMs} of every ${PAUSES.pausedMs + PAUSES.runningMs} ms`,
        [Symbol.asyncDispose]: () => paused[Symbol.asyncDispose](),
      };
    },
  };
}
