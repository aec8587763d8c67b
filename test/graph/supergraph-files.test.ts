import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { createRouter } from '../../router/router.ts';
import { composeInThread } from '../../router/supergraph/compose-in-thread.ts';
import { createFileSource } from '../../router/supergraph/sources/file-source.ts';
import { LIBRARY } from '../support/graphs/small-graph.ts';
import { startService } from '../support/subgraphs/service.ts';
import { until } from '../support/time/until.ts';

/** Starts a router on a supergraph configuration in a folder that the test may change. */
async function startOnFolder(prepare: (folder: string, yaml: (field: string) => string) => Promise<void>) {
  await using built = new AsyncDisposableStack();
  const { books } = LIBRARY;
  if (books === undefined) throw new TypeError('the library has no books');
  const service = built.use(await startService(books));
  const folder = await mkdtemp(join(tmpdir(), 'tributary-files-'));
  built.defer(() => rm(folder, { recursive: true, force: true }));
  const yaml = (field: string) => {
    const sdl = JSON.stringify(service.sdl.replace('pages: Int', `pages: Int ${field}: Int`));
    return `subgraphs:\n  books:\n    routing_url: ${service.url}\n    schema: { sdl: ${sdl} }\n`;
  };
  await prepare(folder, yaml);
  const file = join(folder, 'supergraph.yaml');
  const env = { PORT: '0', ADMIN_PORT: '0', SUPERGRAPH: file };
  const config = parseConfig('', { env, fileName: 'router.yaml', directory: folder });
  const log: string[] = [];
  const write = (line: string) => void log.push(line);
  const router = built.use(await createRouter(config, { log: { write } }));
  const owned = built.move();
  return {
    file,
    folder,
    yaml,
    url: router.url,
    served: () => log.filter((line) => line.includes('"supergraph activated"')).length,
    adminUrl: router.adminUrl,
    log,
    rejected: () => log.filter((line) => line.includes('"supergraph rejected')).length,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test('detects a change of a link in the path of the file, as in a ConfigMap', async () => {
  await using graph = await startOnFolder(async (folder, yaml) => {
    for (const version of ['first', 'second']) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'supergraph.yaml'), yaml(version));
    }
    await symlink('first', join(folder, '..data'));
    await symlink('..data/supergraph.yaml', join(folder, 'supergraph.yaml'));
  });
  await symlink('second', join(graph.folder, '..data_tmp'));
  await rename(join(graph.folder, '..data_tmp'), join(graph.folder, '..data'));
  expect(await until(() => graph.served() === 2, 20_000)).toBe(true);
});

test('rejects a file that is deleted, half written or a folder until it is complete again', async () => {
  await using graph = await startOnFolder((folder, yaml) =>
    writeFile(join(folder, 'supergraph.yaml'), yaml('first')),
  );
  const spoil: readonly (() => Promise<unknown>)[] = [
    () => rm(graph.file),
    () => mkdir(graph.file),
    async () => {
      await rm(graph.file, { recursive: true });
      await writeFile(graph.file, graph.yaml('second').slice(0, 200));
    },
  ];
  for (const [index, change] of spoil.entries()) {
    await change();
    expect(await until(() => graph.rejected() > index, 20_000)).toBe(true);
  }
  const response = await fetch(graph.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{books{first}}"}',
  });
  expect(response.status).toBe(200);
  await writeFile(graph.file, graph.yaml('second'));
  expect(await until(() => graph.served() === 2, 20_000)).toBe(true);
});

test('detects a folder that is deleted and created again', async () => {
  await using graph = await startOnFolder((folder, yaml) =>
    writeFile(join(folder, 'supergraph.yaml'), yaml('first')),
  );
  await rm(graph.folder, { recursive: true });
  expect(await until(() => graph.rejected() === 1, 20_000)).toBe(true);
  await mkdir(graph.folder);
  await writeFile(graph.file, graph.yaml('second'));
  expect(await until(() => graph.served() === 2, 20_000)).toBe(true);
});

test('a router that starts with a bad supergraph reports file and line and that it serves nothing, and serves the corrected one', async () => {
  await using graph = await startOnFolder((folder) =>
    writeFile(join(folder, 'supergraph.yaml'), 'subgraphs:\n  books:\n    routing_url: nowhere\n'),
  );
  const source = expect.stringMatching(/supergraph\.yaml$/);
  const rejections = graph.log
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'supergraph rejected');
  expect(rejections).toMatchObject([
    {
      level: 'error',
      source,
      reasons: [
        expect.stringMatching(/supergraph\.yaml:3: subgraphs\.books\.routing_url: Invalid URL/),
        expect.stringMatching(/supergraph\.yaml:3: subgraphs\.books\.schema: /),
      ],
      serving: 'none, the router is not ready until a valid supergraph is loaded',
    },
  ]);
  const readiness = async () => (await fetch(new URL('/health/ready', graph.adminUrl))).status;
  expect(await readiness()).toBe(503);
  await writeFile(graph.file, graph.yaml('first'));
  expect(await until(() => graph.served() === 1, 20_000)).toBe(true);
  expect(await readiness()).toBe(200);
});

test('reports errors in a ready-made supergraph with file and line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-files-'));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
  const file = join(folder, 'supergraph.graphql');
  await writeFile(file, 'type Query {\n  a Int\n}\n');
  const options = { env: {}, compose: composeInThread, watch: false, onChange: () => undefined };
  await using source = createFileSource(file, options);
  expect(await source.load()).toEqual({
    kind: 'rejected',
    reasons: [expect.stringMatching(/supergraph\.graphql:2: error INVALID_GRAPHQL: Syntax Error/)],
  });
});
