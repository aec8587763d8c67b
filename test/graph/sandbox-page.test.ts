import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { LIBRARY, startSmallGraph } from '../support/small-graph.ts';

const { CHROMIUM_PATH } = process.env;

test.skipIf(CHROMIUM_PATH === undefined)(
  'the page says how to ask when Apollo Sandbox cannot be loaded',
  async () => {
    await using graph = await startSmallGraph({ services: LIBRARY });
    const browser = await chromium.launch({
      executablePath: CHROMIUM_PATH ?? '',
      args: ['--no-sandbox', '--disable-background-networking'],
    });
    try {
      const page = await browser.newPage();
      const failures: string[] = [];
      page.on('pageerror', (error) => failures.push(error.message));
      await page.route('https://**', (route) => route.abort());
      await page.goto(new URL('/', graph.router.url).href);
      await page.getByRole('heading', { name: 'Tributary' }).waitFor();
      expect(await page.locator('#endpoint').textContent()).toBe(graph.router.url);
      expect(await page.locator('#curl').textContent()).toContain(`curl ${graph.router.url}`);
      expect(failures).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);
