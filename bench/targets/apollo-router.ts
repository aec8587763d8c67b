import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target, BenchEnvironment } from './target.ts';
import { APOLLO_ROUTER, cargoProgram } from './cargo-packages.ts';
import { startGateway } from './gateway-process.ts';

/** Deduplicates nothing; with `deduplicate_query` it could not be compared with the other targets. */
export const apolloRouter: Target = {
  name: 'apollo-router',
  async start(environment) {
    const program = cargoProgram(APOLLO_ROUTER);
    return startGateway('apollo-router', environment, (port) => ({
      // With an empty key it would look for a licence, so the variables must be absent.
      command: [
        'env',
        '--unset=APOLLO_KEY',
        '--unset=APOLLO_GRAPH_REF',
        program,
        '--config',
        writeConfig(environment, port),
        '--supergraph',
        environment.supergraphFile,
        '--log',
        'warn',
        '--anonymous-telemetry-disabled',
      ],
      env: { APOLLO_TELEMETRY_DISABLED: 'true' },
      cwd: environment.folder,
      path: '/',
    }));
  },
};

function writeConfig({ folder }: BenchEnvironment, port: number): string {
  const file = join(folder, 'apollo-router.json');
  const config = {
    supergraph: { listen: `127.0.0.1:${port}` },
    health_check: { enabled: false },
    homepage: { enabled: false },
    traffic_shaping: {
      router: { timeout: '60s' },
      all: { deduplicate_query: false, timeout: '60s' },
    },
  };
  writeFileSync(file, JSON.stringify(config, undefined, 2));
  return file;
}
