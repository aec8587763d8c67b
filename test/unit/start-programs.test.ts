import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findSubgraphs } from '../../bin/start/programs.ts';

const root = join(import.meta.dirname, '..', '..');

test('a subgraph whose URL has no port listens on the port of its scheme', () => {
  const [order] = findSubgraphs(compositionFile({ order: 'http://127.0.0.1/graphql' }), root, {});
  expect(order).toMatchObject({ port: 80, environment: { PORT: '80' } });
});

test('a subgraph named like a setting does not replace that setting', () => {
  const urls = {
    order: 'http://127.0.0.1:4001/graphql',
    'product-search': 'http://127.0.0.1:4006/graphql',
    issuer: 'http://127.0.0.1:4007/graphql',
    database: 'http://127.0.0.1:4008/graphql',
    redis: 'http://127.0.0.1:4009/graphql',
  };
  const [order] = findSubgraphs(compositionFile(urls), root, {});
  expect(order?.environment).toEqual({
    ORDER_URL: urls.order,
    PRODUCT_SEARCH_URL: urls['product-search'],
    HOST: '127.0.0.1',
    PORT: '4001',
  });
});

function compositionFile(urls: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-programs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'supergraph.yaml');
  const subgraphs = Object.fromEntries(
    Object.entries(urls).map(([name, url]) => [
      name,
      { routing_url: url, schema: { file: './schema.graphql' } },
    ]),
  );
  writeFileSync(file, JSON.stringify({ federation_version: '=2.12.0', subgraphs }));
  return file;
}
