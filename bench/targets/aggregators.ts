import { join } from 'node:path';
import { freePort } from '../../test/support/servers/free-port.ts';
import { startProgram, untilReady } from '../harness/program.ts';
import type { Target, RunningTarget, BenchEnvironment } from './target.ts';
import { installCompetitors, competitorFolder } from './competitor-packages.ts';

export const aggregators: readonly Target[] = [
  {
    name: 'aggregator-express',
    workloads: ['order-page'],
    async start(environment) {
      installCompetitors();
      return startAggregator(
        'aggregator-express',
        join(competitorFolder, 'aggregator-express.mjs'),
        environment,
      );
    },
  },
  {
    name: 'aggregator-lean',
    workloads: ['order-page'],
    start: (environment) =>
      startAggregator(
        'aggregator-lean',
        join(import.meta.dirname, 'aggregator-lean-program.ts'),
        environment,
      ),
  },
];

async function startAggregator(
  name: string,
  program: string,
  environment: BenchEnvironment,
): Promise<RunningTarget> {
  const port = await freePort();
  const running = startProgram({
    command: [process.execPath, program],
    env: { NODE_ENV: 'production', PORT: String(port), SUBGRAPHS: JSON.stringify(environment.urls) },
    core: 'gateway',
    logFile: environment.logFile(name),
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
