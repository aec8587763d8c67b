import { expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startOpenLoop } from '../support/load/open-loop-process.ts';
import type { OpenLoop } from '../support/load/open-loop-process.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';
import { NEVER_ENDING, SLOW_CLIENT_LIMITS, startSlowClients } from '../support/load/slow-clients.ts';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

const SLOW = 2_000;
async function startGraph() {
  await using built = new AsyncDisposableStack();
  const stub = built.use(await startStubSubgraph(() => json({ data: { ping: 'pong' } })));
  const router = built.use(
    await startRouterProcess(
      { only: { url: stub.url, sdl: 'type Query { ping(n: Int): String }' } },
      SLOW_CLIENT_LIMITS,
    ),
  );
  const load = built.use(startOpenLoop());
  await askSteadily(load, router.url);
  const owned = built.move();
  return { router, load, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Measures the responses of other clients. */
async function askSteadily(
  load: OpenLoop,
  url: string,
): Promise<{ p99Ms: number; rejected: number; lost: number }> {
  const body = JSON.stringify({ query: 'query ($n: Int) { ping(n: $n) }', variables: { n: '$NUMBER' } });
  const kinds = [{ name: 'other', body: body.replace('"$NUMBER"', '1$NUMBER') }];
  const { outcomes, missing } = await load.run({ url, rate: 100, ms: 3_500, settleMs: 0, kinds });
  const received = outcomes.find(({ status }) => status === 200);
  const countOf = (wanted: number) => outcomes.find(({ status }) => status === wanted)?.count ?? 0;
  return { p99Ms: received?.p99Ms ?? Number.NaN, rejected: countOf(503), lost: missing + countOf(0) };
}

test.for(NEVER_ENDING)(
  'disconnects 2,000 connections with $what in time and delays no others',
  async (slow, context) => {
    await using graph = await startGraph();
    const healthy = await askSteadily(graph.load, graph.router.url);
    using clients = startSlowClients({ url: graph.router.url, count: SLOW, everyMs: 500, ...slow });
    await expect.poll(clients.open, { timeout: 20_000 }).toBe(SLOW);
    const attacked = await askSteadily(graph.load, graph.router.url);

    await expect.poll(() => clients.lifetimes.length, { timeout: 20_000 }).toBe(SLOW);
    const longest = Math.max(...clients.lifetimes);
    const name = `${SLOW} connections with ${slow.what}`;
    recordMeasurement(context, `${name}: closed after ms (timeout ${slow.closedMs})`, Math.round(longest));
    recordMeasurement(context, `${name}: p99 of others, ms`, attacked.p99Ms.toFixed(1));
    recordMeasurement(
      context,
      `${name}: p99 of others without these connections, ms`,
      healthy.p99Ms.toFixed(1),
    );
    recordMeasurement(context, `${name}: others rejected, of 350`, attacked.rejected);
    expect(clients.responses).toEqual(new Set(['HTTP/1.1 408 Request Timeout']));
    expect(attacked.lost).toBe(0);
    expect(longest).toBeLessThan(slow.closedMs + 5_000);
  },
);
