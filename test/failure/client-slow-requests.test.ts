import { request } from 'undici';
import { expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';
import { NEVER_ENDING, SLOW_CLIENT_LIMITS, startSlowClients } from '../support/load/slow-clients.ts';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

const SLOW = 2_000;
const OTHERS = 50;
// Calls do not time out, however busy the machine is with the clients.
const CONFIG = `${SLOW_CLIENT_LIMITS}\ntraffic: { deadlineMs: 60000, all: { timeoutMs: 60000 } }`;

test.for(NEVER_ENDING)(
  'disconnects 2,000 connections with $what and serves others meanwhile',
  async (slow, context) => {
    await using stub = await startStubSubgraph(() => json({ data: { ping: 'pong' } }));
    const services = { only: { url: stub.url, sdl: 'type Query { ping(n: Int): String }' } };
    await using router = await startRouterProcess(services, CONFIG);
    using clients = startSlowClients({ url: router.url, count: SLOW, everyMs: 500, ...slow });
    await expect.poll(clients.connected, { timeout: 40_000 }).toBe(SLOW);
    for (let n = 0; n < OTHERS; n++) expect(await ask(router.url, n)).toEqual({ data: { ping: 'pong' } });

    await expect.poll(() => clients.lifetimes.length, { timeout: 40_000 }).toBe(SLOW);
    const longest = Math.round(Math.max(...clients.lifetimes));
    recordMeasurement(
      context,
      `${SLOW} connections with ${slow.what}: closed after ms (timeout ${slow.closedMs})`,
      longest,
    );
    expect(clients.responses).toEqual(new Set(['HTTP/1.1 408 Request Timeout']));
  },
);

async function ask(url: string, n: number): Promise<unknown> {
  const { body } = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'query ($n: Int) { ping(n: $n) }', variables: { n } }),
  });
  return body.json();
}
