import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUBGRAPHS, schemaFile } from '../graph/subgraphs.ts';
import { toFederationOne } from '../graph/federation-one.ts';
import type { Target } from './target.ts';
import { startGateway } from './gateway-process.ts';
import { installCompetitors, competitorFolder } from './competitor-packages.ts';

export const mercurius: Target = {
  name: 'mercurius',
  async start(environment) {
    installCompetitors();
    const services = SUBGRAPHS.map((name) => ({
      name,
      url: environment.urls[name],
      schema: toFederationOne(name, readFileSync(schemaFile(name), 'utf8')),
    }));
    return startGateway('mercurius', environment, (port) => ({
      command: [process.execPath, join(competitorFolder, 'mercurius.mjs')],
      env: { NODE_ENV: 'production', SERVICES: JSON.stringify(services), PORT: String(port) },
    }));
  },
};
