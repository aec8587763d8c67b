import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUBGRAPHS, schemaFile } from '../graph/subgraphs.ts';
import { toFederationOne } from '../graph/federation-one.ts';
import type { Contestant } from './contestant.ts';
import { startGateway } from './gateway-process.ts';
import { installPeers, peers } from './peers.ts';

export const mercurius: Contestant = {
  name: 'mercurius',
  what: '@mercuriusjs/gateway, which speaks Federation 1, with its JIT and the schemas put into that dialect',
  async start(stage) {
    installPeers();
    const services = SUBGRAPHS.map((name) => ({
      name,
      url: stage.urls[name],
      schema: toFederationOne(name, readFileSync(schemaFile(name), 'utf8')),
    }));
    return startGateway('mercurius', stage, (port) => ({
      command: [process.execPath, join(peers, 'mercurius.mjs')],
      env: { NODE_ENV: 'production', SERVICES: JSON.stringify(services), PORT: String(port) },
    }));
  },
};
