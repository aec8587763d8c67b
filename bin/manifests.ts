import { existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findDeployTools, MISSING } from '../test/support/servers/deploy-tools.ts';
import { readCommandLine } from '../cli/single-command.ts';
import { MANIFESTS, renderManifests } from './manifests/render-manifests.ts';

const COMMAND = {
  name: 'npm run manifests',
  summary: 'Renders the manifests in deploy/kubernetes from the Helm chart.',
  options: {},
} as const;

readCommandLine(COMMAND, () => undefined);
const { helm } = findDeployTools();
if (helm === undefined) {
  console.error(`Helm: ${MISSING.helm}`);
  process.exitCode = 1;
} else {
  const manifests = await renderManifests(helm);
  if (existsSync(MANIFESTS))
    for (const file of globSync('*.yaml', { cwd: MANIFESTS })) rmSync(join(MANIFESTS, file));
  mkdirSync(MANIFESTS, { recursive: true });
  for (const [name, text] of manifests) writeFileSync(join(MANIFESTS, name), text);
  console.log(`Rendered ${[...manifests.keys()].join(', ')}.`);
}
