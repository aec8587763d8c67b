import { inflateRawSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import {
  accessibilityFaults,
  CHROMIUM_PATH,
  keptText,
  launchBrowser,
  openConsole,
} from '../support/pages/console-page.ts';
import type { ConsolePage } from '../support/pages/console-page.ts';

const HOSTILE = '<img src=x onerror="window.injected = true">';
const TOKEN = 'eyJhbGciOiJub25lIn0.a-token-that-stays-in-the-tab.x';

const BOOKS = [
  { id: '1', title: 'Middlemarch', pages: 880 },
  { id: '2', title: HOSTILE, pages: 635 },
];

/** Resolved by the test that waits for the call of `slow`. */
let slowCalled = Promise.withResolvers<void>();

const SERVICES = {
  books: {
    sdl: `
      type Query {
        "${HOSTILE.replaceAll('"', '\\"')}"
        books: [Book!] @listSize(assumedSize: 2)
        slow: String
        deep: JSON
        long: String
        broken: String
      }
      scalar JSON
      type Mutation { login(email: String!, password: String!): Session }
      type Session { accessToken: String }
      type Book @key(fields: "id") { id: ID! title: String pages: Int length: Int @deprecated(reason: "Use pages.") }
    `,
    resolvers: {
      Query: {
        books: () => BOOKS,
        deep: () => Array.from({ length: 200 }).reduce<unknown>((inner) => ({ '<b>': [inner] }), HOSTILE),
        long: () => `${HOSTILE}\u202e`.repeat(25_000),
        broken: () => {
          throw new Error(`${HOSTILE} \u202egnirts ${'m'.repeat(100_000)}`);
        },
        slow: () => {
          slowCalled.resolve();
          return new Promise(() => undefined);
        },
      },
      Mutation: { login: () => ({ accessToken: TOKEN }) },
    },
  },
  reviews: {
    sdl: `
      type Review { text: String }
      type Book @key(fields: "id") { id: ID! reviews: [Review!] @listSize(assumedSize: 3) }
    `,
    resolvers: { Book: { reviews: ({ id }: { id: string }) => [{ text: `On ${id}` }] } },
  },
  stock: {
    sdl: 'type Book @key(fields: "id") { id: ID! available: Int }',
    resolvers: { Book: { available: () => 3 } },
  },
};

const QUERY = '{ books { title reviews { text } available } }';

describe.skipIf(CHROMIUM_PATH === undefined)('Explore', () => {
  let graph: SmallGraph;
  let browser: Browser;
  let shared: ConsolePage;
  let page: Page;
  let origin: string;

  beforeAll(async () => {
    graph = await startSmallGraph({
      services: SERVICES,
      config: `
mode: development
rateLimit: { enabled: true, maxCost: 25 }
traffic: { deadlineMs: 60000, all: { timeoutMs: 60000 } }
console: { demoAccounts: [{ email: ada@example.com, password: hunter22, role: admin }] }
`,
    });
    browser = await launchBrowser();
    origin = new URL(graph.router.url).origin;
    shared = await openConsole(browser, linkTo(QUERY));
    ({ page } = shared);
    await page.getByRole('textbox', { name: 'Operation' }).waitFor();
  });

  afterAll(async () => {
    await browser.close();
    await graph[Symbol.asyncDispose]();
  });

  function linkTo(query: string): string {
    return `${origin}/#/explore?${new URLSearchParams({ query }).toString()}`;
  }

  async function run(target = page): Promise<void> {
    await Promise.all([
      target.waitForResponse((response) => response.url().endsWith('/graphql')),
      target.keyboard.press('Control+Enter'),
    ]);
    await target.getByText('running…').waitFor({ state: 'detached' });
  }

  async function showPane(name: 'Response' | 'Plan' | 'Waterfall' | 'Cost'): Promise<void> {
    await page.keyboard.press(`Alt+Digit${['Response', 'Plan', 'Waterfall', 'Cost'].indexOf(name) + 1}`);
    await page.getByRole('tab', { name, selected: true }).waitFor();
  }

  const jsonText = () => page.getByRole('textbox', { name: 'Response' }).innerText();

  test('runs an operation by keyboard, and shows its response as JSON and as a table', async () => {
    await page.locator('.tree-field[aria-pressed=true]', { hasText: 'books' }).waitFor();
    await run();
    expect(await jsonText()).toContain('"title": "Middlemarch"');
    expect(await jsonText()).not.toContain('"trace"');
    await page.getByRole('button', { name: 'Table' }).click();
    expect(await page.getByRole('row').allInnerTexts()).toEqual([
      expect.stringMatching(/^title\s+reviews\s+available$/),
      expect.stringMatching(/^Middlemarch\s+1 items\s+3$/),
      expect.stringContaining(HOSTILE),
    ]);
    await page.getByRole('button', { name: 'JSON', exact: true }).click();
  });

  test('shows the same run as a plan', async () => {
    await showPane('Plan');
    const node = page.locator('.plan-node', { hasText: 'reviews' });
    await node.focus();
    await page.keyboard.press('ArrowLeft');
    expect(await page.locator('.plan-node:focus').innerText()).toMatch(/^books/);
    await node.click();
    expect(await page.getByRole('textbox', { name: 'Document of the fetch' }).innerText()).toContain(
      '_entities',
    );
    expect(page.url()).toMatch(/fetch=\d/);
    await page.getByRole('button', { name: 'Text' }).click();
    expect(await page.getByRole('textbox', { name: 'Plan as text' }).innerText()).toContain('QueryPlan');
    await page.getByRole('button', { name: 'Graph' }).click();
  });

  test('plans without sending anything to a subgraph', async () => {
    const calls = () => [...graph.services.values()].map((service) => service.calls.length);
    const before = calls();
    await page.getByRole('button', { name: 'Dry run' }).click();
    await page.getByText('planned', { exact: true }).waitFor();
    expect(await page.locator('.plan-node').count()).toBe(3);
    expect(calls()).toEqual(before);
    await page.getByRole('textbox', { name: 'Operation' }).focus();
    await run();
  });

  test('shows the same run as a waterfall, beside an earlier one', async () => {
    await showPane('Waterfall');
    expect(await page.locator('.sentence').innerText()).toMatch(/^[\d.]+ ms: .*books [\d.]+/);
    const rows = page.locator('.fetch-row');
    expect((await rows.allInnerTexts()).map((text) => text.split(/\s/, 1)[0])).toEqual(
      expect.arrayContaining(['books', 'reviews', 'stock']),
    );
    await rows.first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await page.locator('.fetch-row[aria-pressed=true]').count()).toBe(1);
    expect(await page.locator('.fetch-facts').innerText()).toContain('2, 2 different ones sent');
    await page.getByLabel('Compare with').selectOption({ index: 1 });
    expect(await page.locator('.segment-before').count()).toBe(3);
  });

  test('shows what the same run costs by field', async () => {
    await showPane('Cost');
    const rows = await page.locator('.cost-table tbody tr').allInnerTexts();
    expect(rows.map((row) => row.split(/\s+/).slice(0, 5).join(' '))).toEqual([
      'Book.reviews reviews 1 6 ×',
      'Query.books books 1 2 ×',
    ]);
    const response = await graph.post({ query: QUERY }, { 'x-cost': 'report' });
    const { extensions } = (await response.json()) as { extensions: { cost: Record<string, number> } };
    expect(await page.locator('.total').first().innerText()).toContain(String(extensions.cost['requested']));
    expect(rows.reduce((sum, row) => sum + Number(row.trim().split(/\s+/).at(-1)), 0)).toBe(
      extensions.cost['actual'],
    );
  });

  test.each(['light', 'dark'] as const)(
    'has no serious accessibility fault in any pane, %s',
    async (theme) => {
      await page.emulateMedia({ colorScheme: theme });
      for (const pane of ['Response', 'Plan', 'Waterfall', 'Cost'] as const) {
        await showPane(pane);
        expect([pane, await accessibilityFaults(page)]).toEqual([pane, []]);
      }
      await page.emulateMedia({ colorScheme: 'light' });
    },
  );

  test('shows texts of data and schema as text', async () => {
    await showPane('Response');
    expect(await jsonText()).toContain('onerror');
    await page.getByRole('textbox', { name: 'Operation' }).getByText('books').hover();
    await page.locator('.cm-documentation').getByText('onerror').waitFor();
    expect(await page.evaluate('window.injected')).toBeUndefined();
  });

  test('strikes deprecated fields through, marks unknown ones, and completes what is typed quickly', async () => {
    const other = await openConsole(browser, linkTo('{\n  books {\n    length\n    nothing\n  }\n}'));
    const struck = other.page.locator('.cm-deprecated');
    await struck.waitFor();
    expect(await struck.innerText()).toBe('length');
    await other.page.locator('.cm-lintRange-error', { hasText: 'nothing' }).waitFor();

    // The bracket encloses the selected operation. Left to Chromium, the blank that replaces it would get
    // the look of its first character by a style attribute.
    const editor = other.page.getByRole('textbox', { name: 'Operation' });
    await editor.press('Control+a');
    await other.page.keyboard.type('{ boo');
    // The list changes with each character: a click before the last change could choose another entry.
    const matched = other.page.locator('.cm-completionMatchedText').getByText('boo', { exact: true });
    await other.page
      .locator('.cm-tooltip-autocomplete')
      .getByRole('option')
      .filter({ has: matched })
      .first()
      .click();
    expect(other.faults).toEqual([]);
    await expect.poll(() => editor.innerText()).toMatch(/^\{ books\}/);
    await other.context.close();
  });

  test('shows the cost of an operation while it is written, and sends nothing for it', async () => {
    const other = await openConsole(browser, linkTo('{ books {\n title\n reviews { text } } }'));
    const sent: string[] = [];
    other.page.on('request', (request) => void (request.method() === 'POST' && sent.push(request.url())));
    const editor = other.page.getByRole('textbox', { name: 'Operation' });
    const total = other.page.getByTitle('Estimated cost of the operation');
    await total.getByText('8 points', { exact: true }).waitFor();
    await editor.getByText('reviews').click();
    await other.page.locator('.cm-cost').getByText('6 points for 6 values').waitFor();
    // By keyboard: over the mouse a description of `reviews` may open, which covers the line above.
    await editor.press('ArrowUp');
    await other.page.locator('.cm-cost').waitFor({ state: 'detached' });
    const more = ['a', 'b', 'c'].map((alias) => `${alias}: reviews { text }`).join(' ');
    await other.page.keyboard.press('End');
    await other.page.keyboard.insertText(` ${more}`);
    await total.getByText('26 points, more than the limit of 25').waitFor();
    await other.page.locator('.cm-cost').getByText('24 points for 24 values').waitFor();
    expect(await accessibilityFaults(other.page)).toEqual([]);
    await editor.press('Control+End');
    await other.page.keyboard.type('{');
    await total.waitFor({ state: 'detached' });
    expect([sent, other.faults]).toEqual([[], []]);
    await other.context.close();
  });

  test('shows hostile data of subgraphs: markup, bidirectional controls, a megabyte of text, deep JSON', async () => {
    const other = await openConsole(browser, linkTo('{ deep long broken }'));
    await other.page.getByRole('textbox', { name: 'Operation' }).getByText('deep').click();
    await run(other.page);
    const problem = other.page.locator('.problem', { hasText: 'onerror' }).first();
    await problem.waitFor();
    await other.page.getByRole('textbox', { name: 'Response' }).getByText('onerror').first().waitFor();
    for (const pane of [2, 3, 4, 1]) await other.page.keyboard.press(`Alt+Digit${pane}`);
    await problem.waitFor();
    expect(await other.page.evaluate('window.injected')).toBeUndefined();
    expect([other.faults, other.foreign]).toEqual([[], []]);
    await other.context.close();
  });

  test('opens with an operation whose fields come from several subgraphs', async () => {
    const other = await openConsole(browser, origin);
    const editor = other.page.getByRole('textbox', { name: 'Operation' });
    await editor.getByText('reviews').waitFor();
    expect(await editor.innerText()).toContain('title');
    await other.context.close();
  });

  test('adds and removes fields by a click in the schema', async () => {
    const editor = page.getByRole('textbox', { name: 'Operation' });
    await page.getByRole('button', { name: 'Fields of books' }).click();
    await page.getByRole('button', { name: /^pages/ }).click();
    await expect.poll(() => editor.innerText()).toContain('pages');
    await page.getByRole('button', { name: /^✓? ?pages/ }).click();
    await expect.poll(() => editor.innerText()).not.toContain('pages');
  });

  test('keeps the token of a login in the tab, and passwords out of links and the history', async () => {
    await page.getByRole('tab', { name: 'Login' }).click();
    await page.getByRole('button', { name: /ada@example.com/ }).click();
    await page.getByText('Sent as ada@example.com').waitFor();
    const sent = page.waitForRequest((request) => request.url().endsWith('/graphql'));
    await run();
    expect((await sent).headers()['authorization']).toBe(`Bearer ${TOKEN}`);
    expect(await page.evaluate('JSON.stringify({ ...sessionStorage })')).toContain(TOKEN);
    await page.getByRole('button', { name: 'Log out' }).click();
    const login = 'mutation { login(email: "a", password: "correct horse") { accessToken } }';
    await page.goto(linkTo(login));
    await page.getByRole('button', { name: 'login', exact: true }).waitFor();
    await run();
    await page.waitForURL(/op=/);
    await expect.poll(() => keptText(page)).toContain('password: \\"\\"');
    for (const text of [page.url(), await keptText(page)])
      for (const secret of [TOKEN, 'hunter22', 'correct horse']) expect(text).not.toContain(secret);
  });

  test('a link opens the operation for somebody else', async () => {
    await expect.poll(() => operationIn(page.url())).toContain('login');
    await page.getByRole('button', { name: 'books', exact: true }).click();
    await expect.poll(() => operationIn(page.url())).toContain('books');
    const link = page.url();
    const other = await openConsole(browser, link);
    const editor = other.page.getByRole('textbox', { name: 'Operation' });
    await editor.getByText('reviews').waitFor();
    expect(other.page.url()).toBe(link);
    await other.context.close();
  });

  test('cancels a run with Esc, and the router sees it', async () => {
    const other = await openConsole(browser, linkTo('{ slow }'));
    slowCalled = Promise.withResolvers();
    await other.page.getByRole('textbox', { name: 'Operation' }).getByText('slow').waitFor();
    await other.page.keyboard.press('Control+Enter');
    await slowCalled.promise;
    await other.page.keyboard.press('Escape');
    await other.page.getByText(/^Cancelled after \d+ ms/).waitFor();
    await expect.poll(() => graph.log).toContainEqual(expect.objectContaining({ status: 499 }));
    await other.context.close();
  });

  test('marks what is missing where it is missing', async () => {
    await graph.services.get('stock')?.[Symbol.asyncDispose]();
    await page.getByRole('textbox', { name: 'Operation' }).focus();
    await run();
    const mark = page.locator('.cm-mark-missing').first();
    expect(await mark.innerText()).toMatch(/^stock: SUBGRAPH_\w+, missing$/);
    const problem = page.locator('.problem', { hasText: 'degraded' });
    expect(await problem.innerText()).toContain('stock');
    await page.getByRole('button', { name: 'in the editor' }).first().click();
    expect(await page.locator('.explore .cm-editor.cm-focused').getAttribute('class')).toContain('cm-editor');
    await showPane('Waterfall');
    expect(await page.locator('.fetch-row', { hasText: 'stock' }).innerText()).toContain('SUBGRAPH_');
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('marks what is missing also when the page renders again before it is painted', async () => {
    const other = await openConsole(browser, linkTo('{ books { title } }'));
    const editor = other.page.getByRole('textbox', { name: 'Operation' });
    await editor.getByText('title').click();
    await run(other.page);
    await other.page.keyboard.press('Control+a');
    await other.page.keyboard.insertText('{ broken }');
    await editor.getByText('broken').waitFor();
    // Between the two renderings, no effect that waits for the paint runs.
    await other.page.evaluate(`new MutationObserver((_, observer) => {
      if (document.querySelector('.problem') === null) return;
      observer.disconnect();
      history.replaceState(null, '', location.hash + '&again=1');
      window.dispatchEvent(new Event('popstate'));
    }).observe(document.body, { childList: true, subtree: true })`);
    await run(other.page);
    expect(await other.page.locator('.cm-mark-missing').innerText()).toBe('books: SUBGRAPH_ERROR');
    await other.context.close();
  });

  test('search goes to another view and back by keyboard', async () => {
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search' }).waitFor();
    await page.keyboard.type('book.pages');

    await page.getByRole('option', { name: /^Book\.pages/, selected: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/#\/schema\/type\/Book\.pages/);
    await page.goBack();
    await expect
      .poll(() => page.getByRole('tab', { name: 'Waterfall' }).getAttribute('aria-selected'))
      .toBe('true');
  });

  test('fits a telephone', async () => {
    const phone = await openConsole(browser, linkTo(QUERY), { width: 390 });
    await phone.page.getByRole('tab', { name: 'Editor', selected: true }).waitFor();
    await phone.page.getByRole('textbox', { name: 'Operation' }).getByText('reviews').waitFor();
    await run(phone.page);
    await phone.page.getByRole('tab', { name: 'Result', selected: true }).waitFor();
    expect(await phone.page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await accessibilityFaults(phone.page)).toEqual([]);
    expect(phone.faults).toEqual([]);
    await phone.context.close();
  });

  test('sends nothing to other hosts, and breaks no rule of its content security policy', () => {
    expect([shared.foreign, shared.faults]).toEqual([[], []]);
  });

  test('keeps what was shown when the router is gone', async () => {
    await showPane('Response');
    const before = await jsonText();
    await graph.router[Symbol.asyncDispose]();
    await page.getByText('Unreachable', { exact: true }).waitFor();
    await page.getByRole('textbox', { name: 'Operation' }).focus();
    await page.keyboard.press('Control+Enter');
    await page.getByText('Router unreachable.').first().waitFor();
    expect(await jsonText()).toBe(before);
  });
});

/** Returns the operation that a link contains; empty if it contains none. */
function operationIn(url: string): string {
  const op = new URLSearchParams(new URL(url).hash.split('?')[1]).get('op') ?? '';
  return op === '' ? '' : inflateRawSync(Buffer.from(op, 'base64url')).toString();
}
