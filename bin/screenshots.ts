import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { findBrowser } from '../test/support/servers/browser.ts';
import { createPackageManager } from '../test/support/servers/package-manager.ts';
import { readCommandLine } from '../cli/single-command.ts';

const COMMAND = {
  name: 'npm run screenshots',
  summary: 'Writes docs/images from the console of the shop that `npm start` runs.',
  options: {
    url: {
      type: 'string',
      value: 'URL',
      description: 'Address of the console. Default: http://127.0.0.1:4000/.',
    },
  },
} as const;

const MAX_BYTES = 300_000;

const OPERATION = `query OrderPage {
  orders(first: 2, status: SHIPPED) {
    edges {
      node {
        number
        status
        customer { name email }
        items {
          quantity
          productName
          product {
            price { amount currency }
            stock { available }
          }
        }
        shipment { carrier status }
      }
    }
  }
}
`;

const folder = join(import.meta.dirname, '..', 'docs', 'images');

const { values } = readCommandLine(COMMAND, (line) => line);
const origin = new URL(values.url ?? 'http://127.0.0.1:4000/').origin;
const executablePath = await findBrowser(createPackageManager());
if (executablePath === undefined) {
  console.error('no Chromium was found');
  process.exitCode = 1;
} else {
  mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    await takeAll(browser);
  } finally {
    await browser.close();
  }
}

async function takeAll(browser: Browser): Promise<void> {
  const page = await open(browser, 'light');
  await explore(page, 'waterfall');
  await takePane(page, 'Plan', 'console-plan');
  await takePane(page, 'Waterfall', 'console-waterfall');
  await takePane(page, 'Cost', 'console-cost');
  await degraded(page);
  await takeView(page, 'schema', 'console-schema');
  await takeView(page, 'operate', 'console-operate');
  await takeView(page, 'publish', 'console-publish');
  const dark = await open(browser, 'dark');
  await explore(dark, 'waterfall');
  await takePane(dark, 'Waterfall', 'console-dark');
}

async function open(browser: Browser, colorScheme: 'light' | 'dark'): Promise<Page> {
  return browser.newPage({ viewport: { width: 1280, height: 760 }, colorScheme, reducedMotion: 'reduce' });
}

/** Logs in, and runs the operation several times: the first time the router plans it. */
async function explore(page: Page, pane: string): Promise<void> {
  await page.goto(`${origin}/#/explore?${new URLSearchParams({ query: OPERATION, pane }).toString()}`);
  await page.getByRole('tab', { name: 'Login' }).click();
  await page.getByRole('button', { name: /freya/ }).click();
  await page.getByText('Sent as freya').waitFor();
  await page.getByRole('tab', { name: 'Variables' }).click();
  for (let count = 0; count < 4; count++) await run(page);
}

async function run(page: Page): Promise<void> {
  await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/graphql')),
    page.keyboard.press('Control+Enter'),
  ]);
  await page.getByText('running…').waitFor({ state: 'detached' });
}

async function takePane(page: Page, pane: string, name: string): Promise<void> {
  await page.getByRole('tab', { name: pane }).click();
  if (pane === 'Plan') await page.locator('.plan-node', { hasText: 'inventory' }).click();
  await take(page, name);
}

/** Holds the breaker of inventory open for one run. */
async function degraded(page: Page): Promise<void> {
  const force = (state: string) =>
    page.request.post(`${origin}/console/api/breakers/inventory`, {
      data: { state, reason: 'screenshot' },
      headers: { origin },
    });
  await page.getByRole('tab', { name: 'Response' }).click();
  try {
    await force('open');
    await run(page);
    await page.locator('.problem').first().getByRole('button').last().click();
    await take(page, 'console-response');
  } finally {
    await force('auto');
  }
}

async function takeView(page: Page, view: string, name: string): Promise<void> {
  await page.goto(`${origin}/#/${view}`);
  await page.locator('section.view-content:not([hidden])').locator('h2, tr, .state').first().waitFor();
  await take(page, name);
}

async function take(page: Page, name: string): Promise<void> {
  const path = join(folder, `${name}.png`);
  // Charts and editors draw within two frames.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  await page.screenshot({ path });
  const { size } = statSync(path);
  console.log(`${name}.png ${Math.ceil(size / 1024)} KB`);
  if (size > MAX_BYTES) throw new Error(`${name}.png has ${size} bytes, at most ${MAX_BYTES} are allowed`);
}
