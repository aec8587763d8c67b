import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target, BenchEnvironment } from './target.ts';
import { startGateway } from './gateway-process.ts';
import { installCompetitors, competitorFolder } from './competitor-packages.ts';

export const hiveGateways: readonly Target[] = [
  hiveGateway('hive-gateway-shared', true),
  hiveGateway('hive-gateway', false),
];

function hiveGateway(name: string, deduplicates: boolean): Target {
  return {
    name,
    start(environment) {
      installCompetitors();
      return startGateway(name, environment, (port) => ({
        command: [
          process.execPath,
          join(competitorFolder, 'node_modules', '.bin', 'hive-gateway'),
          'supergraph',
          '--config-path',
          writeConfig(name, environment, deduplicates),
          '--host',
          '127.0.0.1',
          '--port',
          String(port),
        ],
        env: { NODE_ENV: 'production' },
        cwd: competitorFolder,
      }));
    },
  };
}

function writeConfig(
  name: string,
  { folder, supergraphFile }: BenchEnvironment,
  deduplicates: boolean,
): string {
  const file = join(folder, `${name}.config.mjs`);
  const config = {
    supergraph: supergraphFile,
    logging: 'warn',
    graphiql: false,
    landingPage: false,
    inboundInflightRequestDeduplication: deduplicates,
    transportEntries: { '*': { options: { deduplicateInflightRequests: deduplicates } } },
  };
  writeFileSync(file, `export const gatewayConfig = ${JSON.stringify(config, undefined, 2)};\n`);
  return file;
}
