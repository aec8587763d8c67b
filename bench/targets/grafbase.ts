import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUBGRAPHS, schemaFile } from '../graph/subgraphs.ts';
import type { Target, BenchEnvironment } from './target.ts';
import { startGateway } from './gateway-process.ts';
import { installCompetitors, competitorFolder } from './competitor-packages.ts';

export const grafbase: Target = {
  name: 'grafbase',
  async start(environment) {
    installCompetitors();
    return startGateway('grafbase', environment, (port) => ({
      command: [
        join(competitorFolder, 'node_modules', '@grafbase', 'cli-x86_64-unknown-linux-musl', 'grafbase'),
        'dev',
        '-c',
        writeConfig(environment),
        '--listen-address',
        `127.0.0.1:${port}`,
      ],
      cwd: environment.folder,
    }));
  },
};

function writeConfig({ folder, urls }: BenchEnvironment): string {
  const file = join(folder, 'grafbase.toml');
  const subgraphs = SUBGRAPHS.map(
    (name) =>
      `[subgraphs.${name}]\nurl = ${JSON.stringify(urls[name])}\nschema_path = ${JSON.stringify(schemaFile(name))}\n`,
  );
  writeFileSync(file, subgraphs.join('\n'));
  return file;
}
