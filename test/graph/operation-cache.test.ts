import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createPlanner } from '../../router/planning/planner.ts';
import { startPlanningThread } from '../../router/planning/planning-thread.ts';
import type { Parts } from '../../router/router.ts';
import { RouterError } from '../../router/shared/errors.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { manualPressure } from '../support/graphs/pressure.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { until } from '../support/time/until.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Returns the number of planned operations, from a metric of the router. */
async function planned({ router }: SmallGraph): Promise<number> {
  const metrics = await router.telemetry.metrics.metrics();
  const count = /^tributary_planning_duration_seconds_count\{outcome="planned"\} (\d+)/m.exec(metrics)?.[1];
  return Number(count ?? 0);
}

async function limitOf({ router }: SmallGraph): Promise<number> {
  const { state } = await router.inspect();
  return (state as { readonly requests: { readonly limit: number } }).requests.limit;
}

function heapMiB(): number {
  for (const _ of [1, 2, 3]) collectGarbage();
  return process.memoryUsage().heapUsed / 1_048_576;
}

test('operations of 65 KB that are requested once do not fill the heap', async (context) => {
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: 'planning: { cacheBytes: 16777216 }\npersistedOperations: { automatic: { enabled: false } }',
  });
  const text = 'x'.repeat(65_000);
  const send = async (index: number) => {
    const response = await graph.post({ query: `{ book(id: "${index}") { id } } # ${text}` });
    expect([index, response.status, await response.json()]).toEqual([index, 200, expect.anything()]);
  };
  const used = '{ books { id title } }';
  for (const _ of [1, 2]) await graph.query(used);
  for (let index = 0; index < 50; index += 1) await send(index);
  const before = heapMiB();
  for (let index = 50; index < 650; index += 8)
    await Promise.all(Array.from({ length: 8 }, (_, offset) => send(index + offset)));
  const after = heapMiB();
  recordMeasurement(
    context,
    'heap after 600 operations of 65 KB, times the heap before',
    (after / before).toFixed(2),
  );
  expect(after).toBeLessThan(1.3 * before);
  const plans = await planned(graph);
  await graph.query(used);
  expect(await planned(graph)).toBe(plans);
});

test('a full heap evicts operations that were requested once, and the router continues', async () => {
  const pressure = manualPressure();
  await using graph = await startSmallGraph({
    services: LIBRARY,
    parts: { watchPressure: pressure.watchPressure },
  });
  const used = '{ books { id } }';
  const once = '{ books { title } }';
  for (const _ of [1, 2]) await graph.query(used);
  await graph.query(once);
  const before = await planned(graph);
  pressure.report({ heap: 0.9, busy: 1 });
  expect(await limitOf(graph)).toBeLessThan(16);
  for (const _ of Array.from({ length: 20 })) pressure.report({ heap: 0.5, busy: 0.1 });
  expect(await limitOf(graph)).toBe(4_096);
  await graph.query(used);
  expect(await planned(graph)).toBe(before);
  for (const _ of [1, 2]) await graph.query(once);
  expect(await planned(graph)).toBe(before + 1);
});

/** Creates a planner that counts its calls. Its thread records what it plans, and waits while it is held. */
function gatedPlanner() {
  const order: string[] = [];
  let released = Promise.resolve();
  let calls = 0;
  const startThread: typeof startPlanningThread = async (sdl) => {
    const thread = await startPlanningThread(sdl);
    const plan: typeof thread.plan = async (operation, timeoutMs) => {
      order.push(operation.document);
      await released;
      return thread.plan(operation, timeoutMs);
    };
    return { plan, [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose]() };
  };
  const start: Parts['createPlanner'] = async (options) => {
    const planner = await createPlanner({ ...options, startThread });
    const plan: typeof planner.plan = (...operation) => {
      calls += 1;
      return planner.plan(...operation);
    };
    return { plan, [Symbol.asyncDispose]: () => planner[Symbol.asyncDispose]() };
  };
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    released = promise;
    order.length = 0;
    return { release: () => resolve(), [Symbol.dispose]: () => resolve() };
  };
  return { createPlanner: start, order, calls: () => calls, hold };
}

test('callers take turns at planning, and wait in their own turn for an operation that another caller has sent', async () => {
  const planner = gatedPlanner();
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: 'listen: { trustedProxies: ["127.0.0.1"] }\nplanning: { maxWaitingPerCaller: 4 }',
    parts: { createPlanner: planner.createPlanner },
  });
  using held = planner.hold();
  const document = (alias: string) => `{ ${alias}: book(id: 1) { id } }`;
  const responses: Promise<Response>[] = [];
  const send = async (address: string, alias: string) => {
    const calls = planner.calls();
    responses.push(graph.post({ query: document(alias) }, { 'x-forwarded-for': address }));
    expect(await until(() => planner.calls() > calls, 30_000)).toBe(true);
  };
  for (const alias of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']) await send('192.0.2.1', alias);
  await send('192.0.2.2', 'b1');
  await send('192.0.2.3', 'a5');
  held.release();
  const settled = await Promise.all(responses);
  expect(settled.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 503, 200, 200]);
  expect(settled[5]?.headers.get('retry-after')).toBe('1');
  expect(await settled[5]?.json()).toMatchObject({
    errors: [{ extensions: { code: 'PLANNING_TIMEOUT', retryAfterMs: 1_000 } }],
  });
  expect(planner.order).toEqual(['a1', 'b1', 'a5', 'a2', 'a3', 'a4'].map(document));
});

test('an operation that is not planned in time is charged for its document only', async () => {
  const rejecting: Parts['createPlanner'] = async (options) => {
    const planner = await createPlanner(options);
    const plan: typeof planner.plan = (operation, caller) =>
      operation.document.includes('slow')
        ? Promise.resolve({ kind: 'rejected', error: new RouterError('PLANNING_TIMEOUT') })
        : planner.plan(operation, caller);
    return { plan, [Symbol.asyncDispose]: () => planner[Symbol.asyncDispose]() };
  };
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: 'rateLimit: { enabled: true, anonymous: { points: 1000, windowS: 86400 } }',
    parts: { createPlanner: rejecting },
  });
  const remaining = async () =>
    Number((await graph.post({ query: '{ __typename }' })).headers.get('x-ratelimit-remaining'));
  await remaining();
  const before = await remaining();
  const price = before - (await remaining());
  const response = await graph.post({ query: '{ slow: books { reviews { text } } }' });
  expect([response.status, await response.json()]).toMatchObject([
    503,
    { errors: [{ extensions: { code: 'PLANNING_TIMEOUT' } }] },
  ]);
  const documentPrice = 1;
  expect(before - (await remaining())).toBe(2 * price + documentPrice);
});
