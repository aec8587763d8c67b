import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';

const { CHROMIUM_PATH } = process.env;

const CDN = 'https://embeddable-sandbox.cdn.apollographql.com/';

/**
 * Replaces the script of the CDN: it records its options and attempts an injection that the page’s policy has
 * to block.
 */
const SANDBOX_SCRIPT = `
  window.EmbeddedSandbox = function (options) {
    window.sandboxOptions = options;
    const injected = document.createElement('script');
    injected.textContent = 'window.injected = true';
    document.body.append(injected);
  };`;

test('the page allows its own script and style by hash, and no frame, base or plug-in', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const { headers } = await fetch(new URL('/sandbox', graph.router.url));
  const policy = headers.get('content-security-policy') ?? '';
  for (const directive of [
    "default-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
    "form-action 'none'",
  ])
    expect(policy.split('; ')).toContain(directive);
  expect(policy).not.toContain('unsafe-inline');
  expect(headers.get('x-frame-options')).toBe('DENY');
});

test.skipIf(CHROMIUM_PATH === undefined)(
  'in a browser the page starts Sandbox without telemetry, and shows a curl command without internet access',
  async () => {
    await using graph = await startSmallGraph({ services: LIBRARY });
    const browser = await chromium.launch({
      executablePath: CHROMIUM_PATH ?? '',
      args: ['--no-sandbox', '--disable-background-networking'],
    });
    try {
      const page = await browser.newPage();
      const failures: string[] = [];
      const violations: string[] = [];
      page.on('pageerror', (error) => failures.push(error.message));
      page.on('console', (message) => {
        if (message.text().includes('Content Security Policy')) violations.push(message.text());
      });
      await page.route('https://**', (route) => route.abort());
      await page.goto(new URL('/sandbox', graph.router.url).href);
      await page.getByRole('heading', { name: 'Tributary' }).waitFor();
      expect(await page.locator('#endpoint').textContent()).toBe(graph.router.url);
      expect(await page.locator('#curl').textContent()).toContain(`curl ${graph.router.url}`);
      expect([failures, violations]).toEqual([[], []]);

      await page.route(`${CDN}**`, (route) =>
        route.fulfill({ contentType: 'text/javascript', body: SANDBOX_SCRIPT }),
      );
      await page.reload();
      await page.waitForFunction('window.sandboxOptions !== undefined');
      expect(await page.evaluate('window.sandboxOptions')).toEqual({
        target: '#sandbox',
        initialEndpoint: graph.router.url,
        includeCookies: false,
        runTelemetry: false,
        allowDynamicStyles: false,
      });
      expect(await page.evaluate('window.injected')).toBeUndefined();
      expect(failures).toEqual([]);
      await expect.poll(() => violations.length).toBe(1);
    } finally {
      await browser.close();
    }
  },
);
