import { readFileSync, writeFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { StartError } from '../start/start-error.ts';
import type { Incident } from './incident.ts';
import { pauseRepeatedly } from './paused-process.ts';
import { keepUndo } from './pending-undo.ts';
import { processOnPort } from './process-on-port.ts';
import { notRunning } from './running-shop.ts';

const CONNECTIONS = 1;
// The embedded database of a service handles one call after another, so waiting for a connection would only
// replace waiting for the database. These pauses make calls over several connections faster.
const PAUSES = { pausedMs: 60, runningMs: 15 };

/** Returns the incident in which the router has too few connections to one service for its traffic. */
export function exhaustedPool(service: string): Incident {
  return {
    name: 'exhausted-pool',
    summary: 'The router has too few connections to one service: calls wait for a free one.',
    start: async ({ ports, routerYaml, dataFolder }) => {
      const pid = processOnPort(ports.get(service) ?? 0);
      if (pid === undefined) throw new StartError(notRunning(service));
      const text = readFileSync(routerYaml, 'utf8');
      const undo = keepUndo(dataFolder, { kind: 'file', file: routerYaml, text });
      const document = parseDocument(text);
      document.setIn(['traffic', 'subgraphs', service, 'connections'], CONNECTIONS);
      writeFileSync(routerYaml, document.toString({ lineWidth: 0 }));
      const paused = pauseRepeatedly(pid, PAUSES);
      return {
        cause: `the pool of ${service} was exhausted: router.yaml had traffic.subgraphs.${service}.connections: ${CONNECTIONS}`,
        [Symbol.asyncDispose]: async () => {
          undo();
          await paused[Symbol.asyncDispose]();
        },
      };
    },
  };
}
