import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Response } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RequestTrace } from '../../router/request/request-trace.ts';
import { startInventory } from '../../subgraphs/inventory/server.ts';
import { startGraph } from '../support/graphs/shop-graph.ts';
import type { ShopGraph } from '../support/graphs/shop-graph.ts';
import { CHROMIUM_PATH, launchBrowser, openConsole } from '../support/pages/console-page.ts';
import { startOtlpReceiver } from '../support/servers/otlp-receiver.ts';
import type { OtlpReceiver } from '../support/servers/otlp-receiver.ts';
import { startServiceTap, type Fate } from '../support/subgraphs/service-tap.ts';
import { startTestSubgraph } from '../support/subgraphs/shop-subgraph.ts';
import { until } from '../support/time/until.ts';

const SLOW_MS = 250;
/** Maximum difference between two figures of the same request, in milliseconds. */
const TOLERANCE_MS = 5;
const QUERY = 'query Scarce { products(first: 3) { edges { node { name stock { available } } } } }';

type LogLine = {
  readonly requestId: string;
  readonly criticalPath: string;
  readonly subgraphs: Readonly<Record<string, { readonly calls: number; readonly slowest: number }>>;
};

const stack = new AsyncDisposableStack();
const log: LogLine[] = [];
/** Milliseconds for which the proxy held each call. */
const held: number[] = [];
let graph: ShopGraph;
let receiver: OtlpReceiver;
let browser: Browser;

beforeAll(async () => {
  if (CHROMIUM_PATH === undefined) return;
  const inventory = stack.use(await startTestSubgraph('inventory', startInventory));
  const proxy = stack.use(await startServiceTap(inventory.url));
  proxy.fateOf = async (): Promise<Fate> => {
    const since = performance.now();
    await delay(SLOW_MS);
    held.push(performance.now() - since);
    return 'passed';
  };
  receiver = stack.use(await startOtlpReceiver());
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '1';
  graph = stack.use(
    await startGraph({
      stubs: { inventory: proxy.url },
      config: {
        mode: 'development',
        console: { slowMs: SLOW_MS / 2 },
        telemetry: { otlpEndpoint: receiver.url },
        traffic: { all: { timeoutMs: 20_000 }, deadlineMs: 30_000 },
      },
      parts: { log: { write: (line) => void log.push(JSON.parse(line)) } },
    }),
  );
  delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
  browser = await launchBrowser();
  stack.defer(() => browser.close());
});
afterAll(() => stack.disposeAsync());

const routerUrls = () => graph.routers[0] ?? { url: '', adminUrl: '' };

/** Returns the number of critical paths with a subgraph, and its sum in milliseconds. */
async function pathMetric(subgraph: string): Promise<{ readonly count: number; readonly ms: number }> {
  const text = await (await fetch(new URL('/metrics', routerUrls().adminUrl))).text();
  const valueOf = (suffix: string) => {
    const series = `tributary_critical_path_seconds_${suffix}{subgraph="${subgraph}"} `;
    const line = text.split('\n').find((one) => one.startsWith(series));
    return Number(line?.slice(series.length) ?? 0);
  };
  return { count: valueOf('count'), ms: valueOf('sum') * 1000 };
}

/** Returns the number that a pattern captures; NaN if the text does not match. */
function figureIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? NaN);
}

/** Runs the query in the console. Returns the response, and the figures of inventory on the page. */
async function runInConsole() {
  const link = `${new URL(routerUrls().url).origin}/#/explore?${new URLSearchParams({ query: QUERY }).toString()}`;
  const { page } = await openConsole(browser, link);
  // The page opens the query of a link only after it has restored its tabs. An empty tab is not run.
  await page.getByRole('textbox', { name: 'Operation' }).getByText('stock').waitFor();
  const isRun = (one: Response) => one.url().endsWith('/graphql') && one.request().method() === 'POST';
  const [response] = await Promise.all([page.waitForResponse(isRun), page.keyboard.press('Control+Enter')]);
  const body = (await response.json()) as { extensions: { trace: RequestTrace } };
  await page.keyboard.press('Alt+Digit3');
  const share = page.getByRole('list', { name: 'Critical path by service' }).getByRole('listitem');
  const shares = await share.filter({ hasText: 'inventory' }).innerText();
  const sentence = await page.locator('.sentence').innerText();
  await page.locator('.fetch-row', { hasText: 'inventory' }).click();
  const facts = await page.locator('.fetch-facts').innerText();
  const { requestId } = body.extensions.trace;
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search' }).fill(requestId);
  await page.getByRole('option', { name: requestId, selected: true }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.hash === `#/operate/requests/${requestId}`);
  const recent = await page.locator('.request-page .sentence').innerText();
  return {
    trace: body.extensions.trace,
    timing: response.headers()['server-timing'] ?? '',
    page: {
      'share in the waterfall': figureIn(shares, /([\d.]+) ms/),
      'fetch in the waterfall': figureIn(facts, /On the critical path\s+([\d.]+) ms/),
      'sentence in the waterfall': figureIn(sentence, /inventory ([\d.]+)/),
      'recent request': figureIn(recent, /inventory ([\d.]+)/),
    },
  };
}

test.skipIf(CHROMIUM_PATH === undefined)(
  'console, trace, Server-Timing, log, metric and span name the slow service with the same figure',
  async () => {
    const { trace, timing, page } = await runInConsole();
    expect(await until(async () => (await pathMetric('inventory')).count > 0, 20_000)).toBe(true);
    const spansOf = (name: string) =>
      receiver.spans.filter((span) => span.traceId === trace.traceId && span.name === name);
    expect(await until(() => spansOf('query').length > 0, 20_000)).toBe(true);
    const [request] = spansOf('query');
    const [call, ...moreCalls] = spansOf('fetch inventory');
    const line = log.find(({ requestId }) => requestId === trace.requestId);
    const part = trace.criticalPath.find((one) => 'fetch' in one && one.subgraph === 'inventory');
    const metric = await pathMetric('inventory');
    const path = String(request?.attributes['tributary.critical_path']);
    expect([line?.subgraphs['inventory']?.calls, metric.count, moreCalls]).toEqual([1, 1, []]);

    const expected = part?.ms ?? NaN;
    // The proxy holds a call after the router has sent it, so no figure can be lower.
    expect(held).toHaveLength(1);
    expect(expected).toBeGreaterThanOrEqual(held[0] ?? NaN);
    expect(expected).toBeGreaterThan(SLOW_MS - TOLERANCE_MS);
    const figures = {
      ...page,
      'sentence of the trace': figureIn(trace.sentence, /inventory ([\d.]+)/),
      'Server-Timing': figureIn(timing, /inventory;dur=([\d.]+)/),
      'log, subgraphs': line?.subgraphs['inventory']?.slowest,
      'log, criticalPath': figureIn(line?.criticalPath ?? '', /inventory ([\d.]+)/),
      metric: metric.ms,
      'span of the call': Number((call?.end ?? 0n) - (call?.start ?? 0n)) / 1e6,
      'attribute of the span': figureIn(path, /inventory ([\d.]+)/),
    };
    const different = Object.entries(figures).filter(
      ([, figure]) => !(Math.abs((figure ?? NaN) - expected) <= TOLERANCE_MS),
    );
    expect({ expected, different }).toEqual({ expected, different: [] });
  },
);
