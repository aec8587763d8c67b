import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { startProgram, untilReady } from '../harness/program.ts';
import type { Contestant, RunningContestant, Stage } from './contestant.ts';
import { installPeers, peers } from './peers.ts';

export const aggregators: readonly Contestant[] = [
  {
    name: 'aggregator-express',
    what: 'the order page by hand, with Express and fetch, as a team would write it; no authentication, no limits',
    workloads: ['order-page'],
    async start(stage) {
      installPeers();
      return startAggregator('aggregator-express', join(peers, 'aggregator-express.mjs'), stage);
    },
  },
  {
    name: 'aggregator-lean',
    what: 'the order page by hand, with node:http and undici and nothing else: the practical limit',
    workloads: ['order-page'],
    start: (stage) =>
      startAggregator('aggregator-lean', join(import.meta.dirname, 'aggregator-lean-program.ts'), stage),
  },
];

async function startAggregator(name: string, program: string, stage: Stage): Promise<RunningContestant> {
  const port = await freePort();
  const running = startProgram({
    command: [process.execPath, program],
    env: { NODE_ENV: 'production', PORT: String(port), SUBGRAPHS: JSON.stringify(stage.urls) },
    core: 'gateway',
    logFile: stage.logFile(name),
  });
  try {
    await untilReady(running, async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok);
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
  return {
    pid: running.pid,
    port,
    requestsFor: ({ variables }) => [
      `GET /order-page/${String(variables?.['id'])} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n\r\n`,
    ],
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
