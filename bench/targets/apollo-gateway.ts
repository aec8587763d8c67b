import { join } from 'node:path';
import type { Target } from './target.ts';
import { startGateway } from './gateway-process.ts';

export const apolloGateway: Target = {
  name: 'apollo-gateway',
  start: (environment) =>
    startGateway('apollo-gateway', environment, (port) => ({
      command: [process.execPath, join(import.meta.dirname, 'apollo-gateway-program.ts')],
      env: {
        NODE_ENV: 'production',
        APOLLO_TELEMETRY_DISABLED: 'true',
        SUPERGRAPH: environment.supergraphFile,
        PORT: String(port),
      },
      path: '/',
    })),
};
