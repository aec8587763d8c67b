import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { unwatchFile, watchFile } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { composeInThread } from '../../router/supergraph/compose-in-thread.ts';
import { createFileSource } from '../../router/supergraph/sources/file-source.ts';

const subgraph = (name: string) =>
  `  ${name}: { routing_url: "http://127.0.0.1:1", schema: { sdl: "type Query { ${name}: Int }" } }\n`;
const PARTS = 4;

test('a composition file that is still being written is not loaded', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-half-'));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
  const file = join(folder, 'supergraph.yaml');
  await writeFile(file, `subgraphs:\n${subgraph('all')}`);
  const changed = Promise.withResolvers<void>();
  let written = 0;
  await using source = createFileSource(file, {
    env: {},
    compose: composeInThread,
    watch: true,
    onChange: changed.resolve,
  });
  await source.load();
  // Each part is written when the file is polled, so that every poll finds a change.
  const write = () => {
    if (written === PARTS) return;
    written += 1;
    void appendFile(file, subgraph(`part${written}`));
  };
  watchFile(file, { interval: 250, persistent: false }, write);
  write();
  await changed.promise;
  unwatchFile(file, write);
  expect(written).toBe(PARTS);
  const loaded = await source.load();
  expect(loaded.kind === 'supergraph' && loaded.sdl.includes(`part${PARTS}: Int`)).toBe(true);
});
