import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target, BenchEnvironment } from './target.ts';
import { HIVE_ROUTER, cargoProgram } from './cargo-packages.ts';
import { startGateway } from './gateway-process.ts';

type Deduplication = { readonly calls: boolean; readonly queries: boolean };

export const hiveRouters: readonly Target[] = [
  hiveRouter('hive-router', { calls: false, queries: false }),
  hiveRouter('hive-router-calls', { calls: true, queries: false }),
  hiveRouter('hive-router-shared', { calls: true, queries: true }),
];

function hiveRouter(name: string, deduplication: Deduplication): Target {
  return {
    name,
    async start(environment) {
      const program = cargoProgram(HIVE_ROUTER);
      return startGateway(name, environment, (port) => ({
        command: [program],
        env: { ROUTER_CONFIG_FILE_PATH: writeConfig(name, environment, { port, ...deduplication }) },
        cwd: environment.folder,
      }));
    },
  };
}

function writeConfig(
  name: string,
  { folder, supergraphFile }: BenchEnvironment,
  { port, calls, queries }: Deduplication & { readonly port: number },
): string {
  const file = join(folder, `${name}.json`);
  const config = {
    supergraph: { source: 'file', path: supergraphFile },
    // All threads share one core here.
    http: { host: '127.0.0.1', port, workers: 1 },
    log: { level: 'warn' },
    traffic_shaping: {
      http_client_mode: 'per_worker',
      max_connections_per_host: 512,
      all: { dedupe_enabled: calls, request_timeout: '60s' },
      router: { dedupe: { enabled: queries }, keep_alive: '60s' },
    },
  };
  writeFileSync(file, JSON.stringify(config, undefined, 2));
  return file;
}
