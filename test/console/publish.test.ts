import { createHash, randomUUID } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { createRouter } from '../../router/router.ts';
import { noPressure } from '../support/graphs/pressure.ts';
import { WITHOUT_THREADS } from '../support/graphs/without-threads.ts';
import {
  accessibilityFaults,
  CHROMIUM_PATH,
  faultsOnTelephone,
  launchBrowser,
  openConsole,
} from '../support/pages/console-page.ts';
import type { ConsolePage } from '../support/pages/console-page.ts';
import { REF, startTestRegistry } from '../support/registry/test-registry.ts';
import type { TestRegistry } from '../support/registry/test-registry.ts';
import { startService } from '../support/subgraphs/service.ts';

const INJECTION = '<img src=x onerror="window.injected = true">';
const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12")';
const BOOKS = `${LINK} type Query { title: String pages: Int }`;
const BROKEN = `${LINK} type Query { pages: Int }`;
const NEXT = `${LINK} type Query { title: String pages: Int year: Int }`;
// The last line is as long as that of an operation of a manifest.
const SHELF = `query Shelf {\n  pages\n  title ${Array.from({ length: 60 }, (_, index) => `p${index}: pages`).join(' ')}\n}`;

const ROLLOUT = { strategy: 'canary', steps: [10, 50], stepMinutes: 60, minRequests: 20 };
const CONFIGURE = `mutation ($ref: ID!, $rollout: JSON) {
  configureVariant(ref: $ref, settings: { rollout: $rollout }) { name }
}`;
const PUSH =
  'mutation ($ref: ID!, $manifest: JSON!, $client: String) { pushOperations(ref: $ref, manifest: $manifest, client: $client) }';

/** Launch 1 is served, launch 2 is a canary, and a change that breaks the operation `Shelf` was rejected. */
async function fill(registry: TestRegistry, routingUrl: string): Promise<void> {
  await registry.publish('books', BOOKS, { routingUrl });
  const operations = [{ id: 'shelf', name: 'Shelf', type: 'query', body: SHELF }];
  const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations };
  await registry.call(PUSH, { ref: REF, manifest, client: INJECTION });
  await registry.publish('books', BROKEN, { routingUrl });
  await registry.call(CONFIGURE, { ref: REF, rollout: ROLLOUT });
  await registry.publish('books', NEXT, { routingUrl });
}

const day = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString();

function usageBatch(daysAgo: number) {
  const seen = day(daysAgo);
  const client = (name: string, requests: number) => ({
    name,
    version: null,
    requests,
    errors: 0,
    cost: requests,
    latencyBuckets: [requests, 0],
    firstSeen: seen,
    lastSeen: seen,
  });
  return {
    batch: randomUUID(),
    instance: 'test',
    operations: [
      {
        signature: createHash('sha256').update(SHELF).digest('hex'),
        name: 'Shelf',
        type: 'query',
        contract: null,
        body: SHELF,
        fields: ['Query.title', 'Query.pages'],
        arguments: [],
        inputFields: [],
        enumValues: [],
        clients: [client('web', 40), client(INJECTION, 2)],
      },
    ],
  };
}

function canaryReport() {
  const side = (requests: number, errors: number) => ({
    requests,
    errors,
    degraded: 0,
    breakerOpenings: 0,
    latencyBuckets: [...Array.from({ length: 13 }, () => 0), requests],
  });
  const since = day(0);
  return {
    instance: 'router-9',
    routerVersion: '0.1.0',
    startedAt: since,
    sequence: 2,
    serving: { launch: 1, since },
    canary: { launch: 2, since },
    rejections: [{ launch: 2, reasons: [INJECTION], at: since }],
    canaryStats: {
      launch: 2,
      began: 2,
      percent: 10,
      window: { fromMs: 0, toMs: 1 },
      canary: side(400, 1),
      baseline: side(3_600, 4),
    },
  };
}

describe.skipIf(CHROMIUM_PATH === undefined)('Publish in a browser', () => {
  const built = new AsyncDisposableStack();
  let registry: TestRegistry;
  let browser: ConsolePage;
  let url: string;

  beforeAll(async () => {
    let chromium: Browser;
    let service;
    [registry, chromium, service] = await Promise.all([
      startTestRegistry(),
      launchBrowser(),
      startService({ sdl: BOOKS, resolvers: { Query: { title: () => 'Middlemarch' } } }),
    ]);
    built.use(service);
    built.use(registry);
    await fill(registry, service.url);
    for (const daysAgo of [2, 0]) await registry.post('/usage/shop/production', usageBatch(daysAgo));
    await registry.post('/routers/shop/production', canaryReport());
    const key = await registry.createKey('READ');
    const config = parseConfig(
      `supergraph: { registry: { url: "${registry.url}", key: ${key}, graph: ${REF} } }`,
      { env: { PORT: '0', ADMIN_PORT: '0' }, fileName: 'router.yaml', directory: '.' },
    );
    const log = { write: () => undefined };
    const parts = { log, watchPressure: noPressure, ...WITHOUT_THREADS };
    const router = built.use(await createRouter(config, parts));
    url = `${router.adminUrl}/console`;
    browser = await openConsole(chromium, url);
    built.defer(() => chromium.close());
  });
  afterAll(() => built.disposeAsync());

  const open = (hash: string) => browser.page.goto(`${url}${hash}`);
  const releaseOf = async () => {
    const query = `{ variant(ref: "${REF}") { serving { number } canary { number } release { canaryState reason } } }`;
    return (await registry.call(query)).data.variant;
  };

  test('launches are listed, and the canary stands beside the rest with its requests', async () => {
    const { page } = browser;
    await open('#/publish');
    const table = page.getByRole('table', { name: 'Launches' });
    await table.getByRole('row', { name: '#2' }).waitFor();
    expect(await table.innerText()).toMatch(/#2\s+canary\s+publish books[^]*#1\s+serving/);
    const comparison = page.getByRole('table', { name: 'Canary and rest' });
    expect(await comparison.innerText()).toMatch(/400 requests[^]*3,600 requests/);
    expect(await comparison.getByRole('row', { name: 'errors' }).innerText()).toMatch(
      /0\.3 % \(1 of 400\)[^]*0\.1 % \(4 of 3,600\)/,
    );
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('actions need a key of the person, and the registry records them', async () => {
    const { page } = browser;
    await open('#/publish');
    await page.getByRole('button', { name: 'Pause' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await dialog.getByRole('alert').getByText('Enter your API key').waitFor();
    await dialog.getByLabel('API key').fill(await registry.createKey('READ'));
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await dialog.getByRole('alert').getByText('has the role read').waitFor();
    // A key that was rejected is not kept for the other requests of the page.
    expect(await page.evaluate("sessionStorage.getItem('tributary.registry-key')")).toBeNull();
    expect(await accessibilityFaults(page)).toEqual([]);
    await dialog.getByLabel('API key').fill(await registry.createKey('PUBLISH'));
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    expect(await releaseOf()).toMatchObject({ release: { canaryState: 'PAUSED' } });

    await page.getByRole('button', { name: 'Roll back' }).click();
    const confirm = dialog.getByRole('button', { name: 'Roll back' });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel('Reason, for the history').fill(INJECTION);
    await dialog.getByLabel(`Type ${REF} to confirm`).fill(REF);
    await confirm.click();
    await page.getByText('All callers get launch 1').waitFor();
    expect(await releaseOf()).toMatchObject({
      serving: { number: 1 },
      canary: null,
      release: { reason: expect.stringContaining(INJECTION) },
    });
    const { data } = await registry.call('{ audit(graph: "shop", first: 2) { edges { node { action } } } }');
    expect(data.audit.edges.map(({ node }: { node: { action: string } }) => node.action)).toEqual([
      'rollback',
      'pause',
    ]);
  });

  test('a check report marks the line of the operation that breaks', async () => {
    const { page } = browser;
    await open('#/publish/checks');
    await page.getByRole('row').filter({ hasText: 'failed' }).getByRole('link').click();
    await page.getByRole('heading', { name: 'Check of books' }).waitFor();
    expect(await page.locator('.report').innerText()).toMatch(/Recorded operations\s+failed:\s+1 break/);
    expect(await page.locator('.marked-line').innerText()).toMatch(/^3\s+title p0: pages/);
    expect(
      await page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth'),
    ).toBe(false);
    expect(await page.locator('mark').innerText()).toBe('title');
    expect(await page.locator('.affected').innerText()).toContain(INJECTION);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('a launch lists its changes, and may be served again', async () => {
    const { page } = browser;
    await open('#/publish/launches/2');
    await page.getByText('1 added, 0 removed').waitFor();
    expect(await page.locator('.launch').innerText()).toMatch(/version 1 → 2[^]*Query\.year/);
    await page.getByRole('button', { name: 'Roll back to this launch' }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('the use of a field is shown by client and day', async () => {
    const { page } = browser;
    await open('#/publish/usage?coordinate=Query.title');
    await page.getByText('84 calls of 1 operation').waitFor();
    await page.getByRole('figure', { name: 'Calls per day' }).locator('canvas').waitFor();
    expect(await page.locator('.usage table').innerText()).toContain(INJECTION);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('routers are listed with what they serve and have rejected', async () => {
    const { page } = browser;
    await open('#/publish/routers');
    const row = page.getByRole('row').filter({ hasText: 'router-9' });
    expect(await row.innerText()).toMatch(/behind[^]*rejected launch 2[^]*launch 1, canary 2/);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('every page fits 390 px and has enough contrast in the dark', async () => {
    const { page } = browser;
    const pages = {
      '#/publish': '#2',
      '#/publish/launches/2': '1 added',
      '#/publish/usage?coordinate=Query.title': '84 calls',
      '#/publish/routers': 'router-9',
    };
    expect(await faultsOnTelephone(page, pages, open)).toEqual([]);
    expect(await page.evaluate('window.injected')).toBeUndefined();
    expect([browser.faults, browser.foreign]).toEqual([[], []]);
  });
});
