import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startProduct } from '../../subgraphs/product/server.ts';
import type { DatabaseLocation } from '../../database/database.ts';
import { ensureTemplate } from '../../database/embedded-postgres.ts';
import { failToStart, startSubgraphProcess } from '../support/subgraphs/subgraph-process.ts';
import { startTestSubgraph, templateDir } from '../support/subgraphs/shop-subgraph.ts';

const catalog = { id: 'user-5', roles: ['catalog'] };
const rename = 'mutation { updateProduct(id: "product-1", input: { name: "Renamed" }) { name } }';
const readName = '{ product(id: "product-1") { name } }';

// Each test starts several processes sequentially, on cores that run other tests too.
vi.setConfig({ testTimeout: 180_000 });

test('a restart keeps changes, and does not seed again', async () => {
  using folder = temporaryFolder();
  const location = locationIn(folder.path);
  await using first = await startTestSubgraph('product', startProduct, { database: location });
  await first.call(rename, { as: catalog });
  await first[Symbol.asyncDispose]();

  await using second = await startTestSubgraph('product', startProduct, { database: location });
  expect((await second.call(readName)).data).toEqual({ product: { name: 'Renamed' } });
});

test('rejects a folder in use with one message, and can use it after the stop', async () => {
  using folder = temporaryFolder();
  const location = locationIn(folder.path);
  await using first = await startTestSubgraph('product', startProduct, { database: location });
  await expect(startTestSubgraph('product', startProduct, { database: location })).rejects.toThrow(
    `${folder.path}/product is in use by another process: stop that one first, or set DATA_DIR.`,
  );
  const { exitCode, stderr } = await failToStart('product', { DATA_DIR: folder.path });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: `product: ${folder.path}/product is in use by another process: stop that one first, or set DATA_DIR.\n`,
  });
  await first[Symbol.asyncDispose]();
  await using second = await startTestSubgraph('product', startProduct, { database: location });
  expect((await second.call(readName)).errors).toEqual([]);
});

test('opens the folder of a killed process with all acknowledged changes', async () => {
  using folder = temporaryFolder();
  await provideTemplate(folder.path);
  await using first = await startSubgraphProcess('product', { DATA_DIR: folder.path });
  expect((await first.call(rename, { as: catalog })).errors).toEqual([]);
  await first.stop('SIGKILL');

  await using second = await startSubgraphProcess('product', { DATA_DIR: folder.path });
  expect((await second.call(readName)).data).toEqual({ product: { name: 'Renamed' } });
  expect(await second.stop('SIGTERM')).toBe(0);
});

test.each([
  ['without its version', (path: string) => rmSync(join(path, 'PG_VERSION'))],
  ['with an overwritten control file', (path: string) => writeFileSync(join(path, 'global/pg_control'), 'x')],
])('exits with one message that names the solution for a data folder %s', async (_, damage) => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'product');
  cpSync(await ensureTemplate(templateDir), path, { recursive: true });
  damage(path);
  const { exitCode, stderr } = await failToStart('product', { DATA_DIR: folder.path });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    /^product: The data in .* cannot be opened \(.*\): put back a backup, or move .*\n$/,
  );
  expect(existsSync(path)).toBe(true);
});

// Creating the template takes seconds by itself, and more while other tests run.
test('processes that start together on a new machine share one template', { timeout: 120_000 }, async () => {
  using folder = temporaryFolder();
  const environment = { DATA_DIR: folder.path };
  const [product, user, inventory] = await Promise.all([
    startSubgraphProcess('product', environment),
    startSubgraphProcess('user', environment),
    startSubgraphProcess('inventory', environment),
  ]);
  await using stack = new AsyncDisposableStack();
  for (const subgraph of [product, user, inventory]) stack.use(subgraph);
  expect((await product.call(readName)).errors).toEqual([]);
  expect((await user.call('{ me { id } }')).errors).toEqual([]);
  expect((await inventory.call('{ lowStock { edges { cursor } } }')).errors).toEqual([]);
});

test('exits with one message for invalid settings and for a port in use', async () => {
  using folder = temporaryFolder();
  expect(await failToStart('product', { IDENTITY_KEYS: '', PORT: 'x' })).toEqual({
    exitCode: 1,
    stderr:
      'product: The settings of product are wrong: PORT must be 0 to 65535; IDENTITY_KEYS is required: "kid:secret", where the secret has at least 32 characters.\n',
  });
  await provideTemplate(folder.path);
  await using product = await startSubgraphProcess('product', { DATA_DIR: folder.path });
  const { exitCode, stderr } = await failToStart('user', {
    DATA_DIR: folder.path,
    PORT: String(product.port),
  });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    /^user: Cannot listen on 127\.0\.0\.1:\d+ \(.*EADDRINUSE.*\): stop what listens there, or set PORT\.\n$/,
  );
});

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'tributary-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function locationIn(folder: string): DatabaseLocation {
  return { kind: 'folder', schema: 'product', path: join(folder, 'product'), templateDir };
}

/** Provides a template, whose creation takes seconds. */
async function provideTemplate(folder: string): Promise<void> {
  const template = await ensureTemplate(templateDir);
  cpSync(template, join(folder, basename(template)), { recursive: true });
}
