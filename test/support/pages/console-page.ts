import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';

/** Path of the browser; undefined on machines without one, where tests of pages are skipped. */
export const { CHROMIUM_PATH } = process.env;

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM_PATH ?? '',
    args: ['--no-sandbox', '--disable-background-networking'],
  });
}

/** A page of the console, with its requests to other hosts and its errors. */
export type ConsolePage = {
  readonly page: Page;
  readonly context: BrowserContext;
  /** URLs of requests to other hosts, all of which are blocked. */
  readonly foreign: readonly string[];
  /** Violations of the content security policy, and errors of scripts. */
  readonly faults: readonly string[];
};

type PageOptions = { readonly width?: number; readonly colorScheme?: 'light' | 'dark' };

/** Opens the console in a context of its own: no cookies, storage or databases are shared. */
export async function openConsole(
  browser: Browser,
  url: string,
  { width = 1280, colorScheme = 'light' }: PageOptions = {},
): Promise<ConsolePage> {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme,
    // During a fade, the page does not have its final colours.
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(50_000);
  const foreign: string[] = [];
  const faults: string[] = [];
  const { host } = new URL(url);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  await page.route(
    (target) => target.host !== host,
    (route) => {
      foreign.push(route.request().url());
      return route.abort();
    },
  );
  await page.goto(url);
  return { page, context, foreign, faults };
}

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** Returns the serious and critical accessibility faults of a page, one line each. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  // The debugger evaluates it, so the page's policy does not apply.
  await page.evaluate(AXE);
  const found: unknown = await page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(
    ({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + JSON.stringify(target) + ' ' + failureSummary)))`);
  return Array.isArray(found) ? found.map(String) : [];
}

/** Returns everything that the page keeps in IndexedDB and `localStorage`, as text. */
export async function keptText(page: Page): Promise<string> {
  const kept: unknown = await page.evaluate(`(async () => {
    const databases = await indexedDB.databases();
    const contents = await Promise.all(databases.map(({ name }) => new Promise((resolve, reject) => {
      const opening = indexedDB.open(name);
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const db = opening.result;
        const stores = [...db.objectStoreNames];
        Promise.all(stores.map((store) => new Promise((done) => {
          const all = db.transaction(store).objectStore(store).getAll();
          all.onsuccess = () => done(all.result);
        }))).then(resolve);
      };
    })));
    return JSON.stringify([contents, { ...localStorage }]);
  })()`);
  return String(kept);
}

const IS_TOO_WIDE = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';

/**
 * Opens pages of the console on a dark screen of 390 pixels. Returns those that have to be scrolled sideways
 * or have accessibility faults.
 * @param pages fragment of each page, with a text by which it is complete
 */
export async function faultsOnTelephone(
  page: Page,
  pages: Readonly<Record<string, string>>,
  open: (fragment: string) => Promise<unknown>,
): Promise<readonly unknown[]> {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: 'dark' });
  const found: unknown[] = [];
  for (const [fragment, text] of Object.entries(pages)) {
    await open(fragment);
    await page.getByText(text).first().waitFor();
    const isTooWide = await page.evaluate(IS_TOO_WIDE);
    const faults = await accessibilityFaults(page);
    if (isTooWide !== false || faults.length > 0) found.push({ fragment, isTooWide, faults });
  }
  return found;
}
