import { join } from 'node:path';
import { startGateway } from './gateway-process.ts';
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

function startAggregator(
  name: string,
  program: string,
  environment: BenchEnvironment,
): Promise<RunningTarget> {
  return startGateway(name, environment, (port) => ({
    command: [process.execPath, program],
    env: { NODE_ENV: 'production', PORT: String(port), SUBGRAPHS: JSON.stringify(environment.urls) },
    isServing: async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok,
    requestFor: ({ variables }) =>
      `GET /order-page/${String(variables?.['id'])} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n\r\n`,
  }));
}
