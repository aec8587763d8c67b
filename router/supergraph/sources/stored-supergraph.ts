import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { codeOrMessageOf } from '../../shared/error-message.ts';
import { replaceFile } from '../../shared/files/replace-file.ts';
import { SupergraphRejected } from '../rejection.ts';
import type { LoadedSupergraph, StoredSupergraph } from '../supergraph-source.ts';
import { settleLoad } from './check-content.ts';

const FILE = 'supergraph.graphql';
const HEADER = /^# tributary sha256:([\da-f]{64}) from .*\n/;

/**
 * Opens the directory in which the last activated supergraph is stored. The first line of its file is a
 * comment with the SHA-256 and the source, the rest is the SDL.
 */
export function openStoredSupergraph(directory: string): StoredSupergraph {
  const file = join(directory, FILE);
  const name = relative('.', file);

  async function load(): Promise<LoadedSupergraph> {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new Error(`cannot read ${name} (${codeOrMessageOf(error)})`, { cause: error });
    });
    const [header, sha256] = HEADER.exec(text) ?? [];
    const sdl = text.slice(header?.length ?? 0);
    if (sha256 !== sha256Of(sdl)) throw new SupergraphRejected([`${name}: the file is damaged`]);
    return { kind: 'supergraph', sdl, findings: [] };
  }

  return {
    kind: 'stored',
    name,
    load: () => settleLoad(load),
    isPolled: () => false,
    async save(sdl, source) {
      await mkdir(directory, { recursive: true });
      await replaceFile(file, `# tributary sha256:${sha256Of(sdl)} from ${source}\n${sdl}`);
    },
    async [Symbol.asyncDispose]() {},
  };
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
