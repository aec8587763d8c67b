import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant, Stage } from './contestant.ts';
import { startGateway } from './gateway-process.ts';
import { installPeers, peers } from './peers.ts';

export const hiveGateways: readonly Contestant[] = [
  hiveGateway(
    'hive-gateway-shared',
    'Hive Gateway, equal subgraph calls and equal queries in flight shared',
    true,
  ),
  hiveGateway('hive-gateway', 'Hive Gateway (JavaScript), its sharing switched off', false),
];

function hiveGateway(name: string, what: string, sharing: boolean): Contestant {
  return {
    name,
    what,
    start(stage) {
      installPeers();
      return startGateway(name, stage, (port) => ({
        command: [
          process.execPath,
          join(peers, 'node_modules', '.bin', 'hive-gateway'),
          'supergraph',
          '--config-path',
          writeConfig(name, stage, sharing),
          '--host',
          '127.0.0.1',
          '--port',
          String(port),
        ],
        env: { NODE_ENV: 'production' },
        cwd: peers,
      }));
    },
  };
}

function writeConfig(name: string, { folder, supergraphFile }: Stage, sharing: boolean): string {
  const file = join(folder, `${name}.config.mjs`);
  const config = {
    supergraph: supergraphFile,
    logging: 'warn',
    graphiql: false,
    landingPage: false,
    inboundInflightRequestDeduplication: sharing,
    transportEntries: { '*': { options: { deduplicateInflightRequests: sharing } } },
  };
  writeFileSync(file, `export const gatewayConfig = ${JSON.stringify(config, undefined, 2)};\n`);
  return file;
}
