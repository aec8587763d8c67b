import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compositionFile, spawnRouter } from '../support/processes/router-process.ts';
import { startService } from '../support/subgraphs/service.ts';

const PROGRAM = [join(import.meta.dirname, '../../router/main.ts')];

async function createDirectory(config: string) {
  const path = await mkdtemp(join(tmpdir(), 'tributary-'));
  await writeFile(join(path, 'own.yaml'), config);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test('router/main.ts serves what the environment configures, until SIGTERM', async () => {
  await using service = await startService({
    sdl: 'type Query { a: Int }',
    resolvers: { Query: { a: () => 1 } },
  });
  await using directory = await createDirectory('limits: { depth: 1 }');
  await writeFile(join(directory.path, 'own-supergraph.yaml'), compositionFile({ a: service }));
  const env = { PORT: '0', ADMIN_PORT: '0', ROUTER_CONFIG: 'own.yaml', SUPERGRAPH: 'own-supergraph.yaml' };
  const router = spawnRouter(directory.path, { env, program: PROGRAM });
  const { url } = await router.ready;
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ a }' }),
  });
  expect(await response.json()).toEqual({ data: { a: 1 } });
  router.process.kill('SIGTERM');
  expect(await router.exited).toBe(0);
});

test('router/main.ts names what is wrong in the configuration, and where', async () => {
  await using directory = await createDirectory('limits:\n  depth: deep');
  let text = '';
  const env = { ROUTER_CONFIG: 'own.yaml' };
  const onWarning = (part: string) => void (text += part);
  const router = spawnRouter(directory.path, { env, program: PROGRAM, onWarning });
  await expect(router.ready).rejects.toThrow('ended before it listened');
  expect(await router.exited).toBe(1);
  expect(text).toContain('own.yaml:2: limits.depth');
});
