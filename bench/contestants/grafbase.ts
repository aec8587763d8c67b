import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUBGRAPHS, schemaFile } from '../graph/subgraphs.ts';
import type { Contestant, Stage } from './contestant.ts';
import { startGateway } from './gateway-process.ts';
import { installPeers, peers } from './peers.ts';

export const grafbase: Contestant = {
  name: 'grafbase',
  what: 'Grafbase Gateway (Rust) as `grafbase dev` runs it; it shares equal subgraph calls in flight',
  async start(stage) {
    installPeers();
    return startGateway('grafbase', stage, (port) => ({
      command: [
        join(peers, 'node_modules', '@grafbase', 'cli-x86_64-unknown-linux-musl', 'grafbase'),
        'dev',
        '-c',
        writeConfig(stage),
        '--listen-address',
        `127.0.0.1:${port}`,
      ],
      cwd: stage.folder,
    }));
  },
};

function writeConfig({ folder, urls }: Stage): string {
  const file = join(folder, 'grafbase.toml');
  const subgraphs = SUBGRAPHS.map(
    (name) =>
      `[subgraphs.${name}]\nurl = ${JSON.stringify(urls[name])}\nschema_path = ${JSON.stringify(schemaFile(name))}\n`,
  );
  writeFileSync(file, subgraphs.join('\n'));
  return file;
}
