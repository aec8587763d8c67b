import { expect, test } from 'vitest';
import { manualPressure } from '../support/graphs/pressure.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraphOptions } from '../support/graphs/small-graph.ts';
import { startIssuer } from '../support/callers/tokens.ts';

const KNOWN = ['{ cheap }', '{ costly }', 'mutation { change }'];

/** Starts a graph in which `wait` requests stay in flight until the end. */
async function startCrowdedGraph(overload: string) {
  await using built = new AsyncDisposableStack();
  const issuer = built.use(await startIssuer());
  const gate = Promise.withResolvers<string>();
  const services: SmallGraphOptions['services'] = {
    only: {
      sdl: `
        type Query { cheap: String costly: String @cost(weight: 500) }
        type Mutation { change: String wait(n: Int): String }
      `,
      resolvers: {
        Query: { cheap: () => 'cheap', costly: () => 'costly' },
        Mutation: { change: () => 'changed', wait: () => gate.promise },
      },
    },
  };
  const pressure = manualPressure();
  const graph = built.use(
    await startSmallGraph({
      services,
      config: `
overload: ${overload}
telemetry: { logs: { rejectionsPerMinute: 2 } }
traffic: { deadlineMs: 60000, all: { timeoutMs: 60000 } }
authentication:
  issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }]
`,
      parts: { watchPressure: pressure.watchPressure },
    }),
  );
  const token = { authorization: `Bearer ${await issuer.mint()}` };
  const waiting: Promise<Response>[] = [];
  built.defer(async () => {
    gate.resolve('done');
    await Promise.all(waiting);
  });

  async function ask(query: string, headers: Record<string, string> = {}): Promise<string | number> {
    const response = await graph.post({ query }, headers);
    const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
    return errors?.[0]?.extensions.code ?? response.status;
  }
  const service = graph.services.get('only');
  for (const query of KNOWN) await ask(query);

  const owned = built.move();
  return {
    graph,
    pressure,
    ask,
    token,
    /** Adds requests that stay in flight. */
    async crowd(count: number): Promise<void> {
      const reached = (service?.calls.length ?? 0) + count;
      for (let index = 0; index < count; index++)
        waiting.push(graph.post({ query: `mutation { wait(n: ${waiting.length}) }` }, token));
      await expect.poll(() => service?.calls.length, { timeout: 20_000 }).toBe(reached);
    },
    calls: () => service?.calls.length,
    outcomes: async () => ({
      'anonymous, expensive': await ask('{ costly }'),
      'anonymous, not seen before': await ask(`{ cheap } # ${waiting.length}`),
      anonymous: await ask('{ cheap }'),
      expensive: await ask('{ costly }', token),
      query: await ask('{ cheap }', token),
      'anonymous mutation': await ask('mutation { change }'),
    }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test('rejects anonymous and expensive requests first and mutations last as more requests are in flight', async () => {
  await using crowded = await startCrowdedGraph('{ maxConcurrent: 20 }');
  const outcomes = async () => Object.values(await crowded.outcomes());
  const no = 'OVERLOADED';
  expect(await outcomes()).toEqual([200, 200, 200, 200, 200, 200]);
  await crowded.crowd(8);
  expect(await outcomes()).toEqual([no, no, 200, 200, 200, 200]);
  await crowded.crowd(4);
  expect(await outcomes()).toEqual([no, no, no, 200, 200, 200]);
  await crowded.crowd(3);
  expect(await outcomes()).toEqual([no, no, no, no, 200, 200]);
  await crowded.crowd(3);
  expect(await outcomes()).toEqual([no, no, no, no, no, 200]);
  await crowded.crowd(2);
  expect(await outcomes()).toEqual([no, no, no, no, no, no]);
});

test('a rejection is cheap, has a retry-after, is counted, and cannot fill the log', async () => {
  await using crowded = await startCrowdedGraph('{ maxConcurrent: 20 }');
  await crowded.crowd(20);
  const { graph, token } = crowded;
  const calls = crowded.calls();
  const responses = await Promise.all([1, 2, 3].map(() => graph.post({ query: '{ cheap }' }, token)));
  expect(responses.map(({ status }) => status)).toEqual([503, 503, 503]);
  expect(new Set(responses.map(({ headers }) => headers.get('retry-after')))).toEqual(
    new Set(['1', '2', '3']),
  );
  expect(await responses[0]?.json()).toEqual({
    errors: [
      {
        message: 'The router is overloaded. Anonymous and expensive requests are rejected first.',
        extensions: {
          code: 'OVERLOADED',
          retryAfterMs: Number(responses[0]?.headers.get('retry-after')) * 1_000,
          requestId: responses[0]?.headers.get('x-request-id'),
        },
      },
    ],
  });
  expect(crowded.calls()).toBe(calls);
  expect(graph.log.filter(({ status }) => status === 503)).toMatchObject([
    { codes: ['OVERLOADED'] },
    { codes: ['OVERLOADED'] },
  ]);
  const metrics = await graph.router.telemetry.metrics.metrics();
  expect(metrics).toContain('tributary_requests_shed_total{priority="unread"} 3');
});

test('serves health and metrics while requests are rejected', async () => {
  await using crowded = await startCrowdedGraph('{ maxConcurrent: 20 }');
  const { graph, pressure } = crowded;
  await crowded.crowd(1);
  pressure.report({ heap: 0.99 });
  expect(await crowded.ask('mutation { change }')).toBe('OVERLOADED');
  const urls = [
    new URL('/health/live', graph.router.url),
    new URL('/health/ready', graph.router.url),
    new URL('/metrics', graph.router.adminUrl),
  ];
  for (const url of urls) expect((await fetch(url)).status).toBe(200);
});

test('a late event loop reduces the number of concurrent requests, and loses none in flight', async () => {
  await using crowded = await startCrowdedGraph('{ eventLoopDelayMs: 50 }');
  const { pressure, ask } = crowded;
  await crowded.crowd(20);
  expect(await ask('{ cheap }')).toBe(200);
  for (let report = 0; report < 2; report++) pressure.report({ delayMs: 300, busy: 1 });
  expect(await ask('{ cheap }')).toBe('OVERLOADED');
  for (let report = 0; report < 12; report++) pressure.report({});
  expect(await ask('{ cheap }')).toBe(200);
  const changes = crowded.graph.log.filter(({ msg }) => msg === 'overload state changed');
  expect(changes).toMatchObject([
    { level: 'warn', overloaded: true, delayMs: 300 },
    { level: 'info', overloaded: false, delayMs: 0 },
  ]);
});

test('detects a heap that fills up between two reports', async () => {
  await using crowded = await startCrowdedGraph('{ heapPercent: 85 }');
  crowded.pressure.setHeap(0.99);
  await crowded.crowd(12);
  const outcomes = await Promise.all(Array.from({ length: 40 }, () => crowded.ask('mutation { change }')));
  expect(outcomes.filter((outcome) => outcome === 'OVERLOADED').length).toBeGreaterThanOrEqual(24);
});

test('does not read large bodies of anonymous clients while capacity is limited', async () => {
  await using crowded = await startCrowdedGraph('{ maxConcurrent: 20 }');
  await crowded.crowd(8);
  const large = `mutation { change } # ${'x'.repeat(20_000)}`;
  expect(await crowded.ask(large)).toBe('OVERLOADED');
  expect(await crowded.ask(large, crowded.token)).toBe(200);
});

test('rejects nothing while overload protection is disabled', async () => {
  await using crowded = await startCrowdedGraph('{ enabled: false, maxConcurrent: 1 }');
  await crowded.crowd(5);
  crowded.pressure.report({ delayMs: 900, busy: 1, heap: 0.99 });
  expect(await crowded.ask('{ costly }')).toBe(200);
});
