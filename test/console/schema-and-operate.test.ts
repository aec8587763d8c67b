import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import {
  accessibilityFaults,
  CHROMIUM_PATH,
  faultsOnTelephone,
  launchBrowser,
  openConsole,
} from '../support/pages/console-page.ts';
import type { ConsolePage } from '../support/pages/console-page.ts';
import { until } from '../support/time/until.ts';

const INJECTION = '<img src=x onerror="window.injected = true">';

const BOOKS = `
  type Query { "All books. ${INJECTION.replaceAll('"', "'")}" books(first: Int = 3): [Book!]! @cost(weight: 4) }
  "A book of the library."
  type Book @key(fields: "id") { id: ID! title: String! oldTitle: String @deprecated(reason: "use title") }`;

const REVIEWS = `
  type Book @key(fields: "id") { id: ID! reviews: [Review!] }
  type Review { stars: Int! }`;

const CONFIG = `mode: development
usage: { enabled: true }
supergraph: { watch: "\${env.WATCH:-false}" }
rateLimit: { enabled: true, anonymous: { points: 500, windowS: 86400 } }
traffic: { deadlineMs: 60000, all: { timeoutMs: 60000 } }`;

const book = { id: '1', title: 'Middlemarch', reviews: [{ stars: 5 }] };
const SERVICES = {
  books: { sdl: BOOKS, resolvers: { Query: { books: () => [book] } } },
  reviews: { sdl: REVIEWS, resolvers: { Book: { __resolveReference: () => book } } },
};

describe.skipIf(CHROMIUM_PATH === undefined)('in a browser', () => {
  let graph: SmallGraph;
  let chromium: Browser;
  let browser: ConsolePage;

  beforeAll(async () => {
    [graph, chromium] = await Promise.all([
      startSmallGraph({
        services: SERVICES,
        config: CONFIG,
      }),
      launchBrowser(),
    ]);
    browser = await openConsole(chromium, `${graph.router.adminUrl}/console`);
    await askForShelf();
  });
  afterAll(async () => {
    await Promise.all([chromium.close(), graph[Symbol.asyncDispose]()]);
  });

  const askForShelf = () => {
    const body = { query: 'query Shelf { books { title reviews { stars } } }' };
    return graph.post(body, { 'apollographql-client-name': INJECTION });
  };
  const open = (hash: string) => browser.page.goto(`${graph.router.adminUrl}/console${hash}`);
  const stateOf = async (subgraph: string) => {
    const response = await fetch(new URL('/state', graph.router.adminUrl));
    const { subgraphs } = (await response.json()) as { subgraphs: { subgraph: string; breaker: string }[] };
    return subgraphs.find((one) => one.subgraph === subgraph);
  };

  test('the schema is searched, and a field has its subgraphs, labels and users', async () => {
    const { page } = browser;
    await open('#/schema');
    await page.getByRole('searchbox', { name: 'Search types and fields' }).fill('rev');
    const results = page.getByRole('list', { name: 'Results' }).getByRole('link');
    expect((await results.allInnerTexts()).map((text) => text.split('\n')[0])).toEqual([
      'Review',
      'Book.reviews',
    ]);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'type Book' }).waitFor();
    const row = page.getByRole('row').filter({ hasText: 'reviews' });
    expect(await row.first().innerText()).toContain('reviews');
    const usage = page.getByRole('region', { name: 'Usage' });
    await usage.getByRole('cell', { name: 'Shelf' }).waitFor();
    expect(await usage.innerText()).toContain(INJECTION);
    expect(await page.locator('.fact-list').innerText()).toMatch(/Keys\s+books\s+id\s+reviews\s+id/);
    expect(await page.getByText('deprecated: use title').count()).toBe(1);

    await open('#/schema/type/Query.books');
    expect(await page.locator('.member-open').innerText()).toMatch(/books\(first: Int = 3\)[^]*cost 4/);
    await page.locator('.member-open a').first().waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'Add to editor' }).click();
    await page.waitForFunction('location.hash.startsWith("#/explore?op=")');
  });

  test('the SDL of each subgraph is shown, and found in', async () => {
    const { page } = browser;
    await open('#/schema/sdl/subgraph%20reviews');
    const text = page.getByRole('region', { name: 'SDL of subgraph reviews' });
    await text.waitFor();
    expect(await text.innerText()).toContain('type Review');
    await page.getByRole('searchbox', { name: 'Find in subgraph reviews' }).fill('stars');
    await page.getByText('1 of 1').waitFor();
    expect(await page.locator('.sdl-current').innerText()).toContain('stars: Int!');
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('the changes between two versions are listed', async () => {
    const { page } = browser;
    const books = BOOKS.replace('title: String!', 'title: String! pages: Int').replace(
      'weight: 4',
      'weight: 9',
    );
    const link = /^extend schema.*$/m.exec(graph.services.get('books')?.sdl ?? '')?.[0] ?? '';
    await graph.publish(graph.supergraphYaml({ books: `${link}\n${books}` }));
    await graph.router.reload();
    await open('#/schema/changes');
    await page.getByText('1 added, 0 removed, 1 changed').waitFor();
    const differences = page.locator('.differences');
    expect(await differences.innerText()).toMatch(/Book\.pages[^]*Query\.books[^]*cost 4 → [^]*cost 9/);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('a breaker that is held open from the page is held open in the router, and audited', async () => {
    const { page } = browser;
    await open('#/operate');
    const card = page.getByRole('article', { name: 'reviews' });
    await card.getByRole('button', { name: 'Hold open reviews' }).click();
    const dialog = page.getByRole('dialog', { name: 'Hold open: reviews' });
    const confirm = dialog.getByRole('button', { name: 'Hold open' });
    expect(await dialog.innerText()).toContain('The router sends no calls to reviews until');
    expect(await confirm.isDisabled()).toBe(true);
    expect(await accessibilityFaults(page)).toEqual([]);
    await dialog.getByLabel('Reason, for the audit log').fill(INJECTION);
    await dialog.getByLabel('Type reviews to confirm').fill('reviews');
    await confirm.click();
    await card.getByText('held open', { exact: true }).waitFor();
    expect(await stateOf('reviews')).toMatchObject({ breaker: 'open', forced: true });
    expect(graph.log.filter(({ msg }) => msg === 'operator command')).toMatchObject([
      { stream: 'audit', subgraph: 'reviews', reason: INJECTION, who: 'admin port' },
    ]);
    expect(await accessibilityFaults(page)).toEqual([]);

    await card.getByRole('button', { name: 'Release reviews' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Release' }).click();
    await card.getByText('held open', { exact: true }).waitFor({ state: 'hidden' });
    expect(await until(async () => (await stateOf('reviews'))?.breaker !== 'open', 5_000)).toBe(true);
  });

  test('figures, latency and critical path are plotted for the router and each subgraph', async () => {
    const { page } = browser;
    // The figures are those of the last minute.
    await askForShelf();
    await open('#/operate');
    for (const name of ['Requests per second', 'Waiting per request'])
      await page.getByRole('figure', { name }).locator('canvas').waitFor();
    const card = page.getByRole('article', { name: 'books' });
    await card.locator('canvas').waitFor();
    expect(await card.innerText()).toMatch(
      /calls\/s[^]*p50[^]*p95[^]*p99[^]*errors[^]*degraded\s+[\d.]+ %[^]*in flight\s+\d+ \/ \d+/,
    );
    const shares = page.getByRole('table', { name: /Share of the critical path/ });
    expect(await shares.innerText()).toMatch(/books[^]*ms[^]*%/);
    await page.getByRole('list', { name: 'States of the subgraphs' }).getByText('reviews').click();
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('reviews');
    expect(await page.evaluate('document.scrollingElement.scrollTop')).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('a recent request is filtered and opens its waterfall', async () => {
    const { page } = browser;
    await open('#/operate/requests?kind=degraded');
    await page.getByText('No recent request matches these filters').waitFor();
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('');
    await page.getByRole('searchbox', { name: 'Filter by subgraph' }).fill('reviews');
    await page.keyboard.press('Enter');
    const row = page.getByRole('row').filter({ hasText: 'Shelf' }).first();
    expect(await row.innerText()).toMatch(/(?:sampled|slow)[^]*ms/);
    expect(await row.innerText()).toContain(INJECTION);
    expect(await accessibilityFaults(page)).toEqual([]);
    await row.getByRole('link').click();
    await page.getByRole('group', { name: 'Fetches' }).waitFor();
    expect(page.url()).toMatch(/#\/operate\/requests\/[\w-]+\?subgraph=reviews$/);
    expect(await page.locator('.request-document').innerText()).toContain('reviews');
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('search by keyboard finds types, fields, operations, subgraphs and requests by id', async () => {
    const { page } = browser;
    const { headers } = await graph.post({ query: 'query Shelf { nothing }' });
    const id = headers.get('x-request-id') ?? '';
    const cases = [
      ['review', /^Review\s+type$/, '#/schema/type/Review'],
      ['book.rev', /^Book\.reviews\s+\[Review!\]$/, '#/schema/type/Book.reviews'],
      ['shelf', /^Shelf\s+query$/, '#/explore'],
      ['reviews', /^reviews\s+subgraph$/, '#/operate/requests?subgraph=reviews'],
      [id, new RegExp(String.raw`^${id}\s+[\d.]+ ms$`), `#/operate/requests/${id}`],
    ] as const;
    for (const [text, option, hash] of cases) {
      await open('#/publish');
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: 'Search' }).fill(text);
      await page.getByRole('option', { name: option, selected: true }).waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.hash.startsWith(hash));
    }
    await page.locator('.request-page').getByText('GRAPHQL_VALIDATION_FAILED').waitFor();
  });

  test('history and configuration show where each change and value comes from', async () => {
    const { page } = browser;
    await open('#/operate/history');
    await page.locator('.event .label').getByText('supergraph activated').first().waitFor();
    expect(await page.locator('.events').innerText()).toContain(INJECTION);
    expect(await accessibilityFaults(page)).toEqual([]);
    await open('#/operate/configuration?set=only&search=usage');
    const row = page.getByRole('row').filter({ hasText: 'usage.enabled' });
    expect(await row.innerText()).toMatch(/usage\.enabled\s+true\s+router\.yaml:2/);
    await page.getByRole('searchbox', { name: 'Search keys and values' }).fill('env.watch');
    const watched = page.getByRole('row').filter({ hasText: 'supergraph.watch' });
    expect(await watched.innerText()).toMatch(/\sfalse\s+router\.yaml:3 +\$\{env\.WATCH\}/);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('consumers are listed with their points', async () => {
    const { page } = browser;
    await open('#/operate/consumers');
    await page.getByRole('cell', { name: 'anonymous' }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('without a registry the page names the key to set', async () => {
    await open('#/publish');
    await browser.page.getByText('The router follows no registry').waitFor();
    expect(await browser.page.locator('#main').innerText()).toContain('supergraph.registry');
    expect(await accessibilityFaults(browser.page)).toEqual([]);
  });

  test('an unreachable router leaves what was shown, and a missing role asks for a token', async () => {
    const { page } = browser;
    await open('#/operate/requests');
    await page.locator('.request').first().waitFor();
    await page.route('**/console/api/requests', (route) => route.abort());
    await page.getByText('Router unreachable. Below is what it sent last.').waitFor();
    expect(await page.locator('.request').count()).toBeGreaterThan(0);
    await page.unroute('**/console/api/requests');
    const error = { code: 'UNAUTHENTICATED', message: 'a token is required' };
    await page.route('**/console/api/config', (route) => route.fulfill({ status: 401, json: { error } }));
    await open('#/operate/configuration');
    await page.getByText('Not allowed').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.unroute('**/console/api/config');
    await page.getByLabel('Token').fill('any');
    await page.getByRole('button', { name: 'Use this token' }).click();
    await page.getByRole('cell', { name: 'usage.enabled' }).waitFor();
  });

  test('hostile names of subgraphs are shown as text in every page', async () => {
    const { page } = browser;
    const name = JSON.stringify(`reviews${INJECTION}\u202e${'n'.repeat(10_000)}`).slice(1, -1);
    await page.route('**/console/api/*', async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replaceAll(/(?<=")reviews(?=")/g, () => name);
      await route.fulfill({ response, body });
    });
    const pages = ['#/operate', '#/operate/requests', '#/schema/sdl'];
    for (const hash of pages) {
      await open(hash);
      // The browser fetches everything again.
      await page.reload();
      await page.locator('#main').getByText('onerror').first().waitFor({ state: 'attached' });
      expect([hash, await page.evaluate('window.injected')]).toEqual([hash, undefined]);
      const isWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
      expect([hash, await page.evaluate(isWide)]).toEqual([hash, false]);
    }
    await page.unroute('**/console/api/*');
    await page.reload();
  });

  test('every page fits 390 px and has enough contrast in the dark', async () => {
    const { page } = browser;
    const pages = {
      '#/schema/type/Book.title': 'type Book',
      '#/schema/changes': '1 added',
      '#/operate': 'Calls pass',
      '#/operate/history': 'by admin port',
      '#/operate/configuration': 'usage.enabled',
    };
    expect(await faultsOnTelephone(page, pages, open)).toEqual([]);
  });

  test('no text of the graph or its clients has run as a script, and no policy was violated', async () => {
    expect(await browser.page.evaluate('window.injected')).toBeUndefined();
    expect([browser.faults, browser.foreign]).toEqual([[], []]);
  });
});
