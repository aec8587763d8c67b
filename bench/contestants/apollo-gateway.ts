import { join } from 'node:path';
import type { Contestant } from './contestant.ts';
import { startGateway } from './gateway-process.ts';

export const apolloGateway: Contestant = {
  name: 'apollo-gateway',
  what: '@apollo/gateway as its documentation sets it up, behind startStandaloneServer',
  start: (stage) =>
    startGateway('apollo-gateway', stage, (port) => ({
      command: [process.execPath, join(import.meta.dirname, 'apollo-gateway-program.ts')],
      env: {
        NODE_ENV: 'production',
        APOLLO_TELEMETRY_DISABLED: 'true',
        SUPERGRAPH: stage.supergraphFile,
        PORT: String(port),
      },
      path: '/',
    })),
};
