import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';
import { json, page, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

const OUTAGE_MS = 3_000;
const EVERY_MS = 20;
const TRIES = 4;

/** Sends a request and retries it immediately, up to three times. */
async function sendWithRetries(url: string, sent: () => void): Promise<boolean> {
  for (let tried = 0; tried < TRIES; tried++) {
    sent();
    const response = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: `query ($n: Int) { ping(n: $n) }`,
        variables: { n: Math.floor(Math.random() * 1e9) },
      }),
    });
    const { errors } = (await response.body.json()) as { errors?: unknown };
    if (errors === undefined) return true;
  }
  return false;
}

test('retries during an outage of a subgraph do not prolong it', async (context) => {
  let isFailing = false;
  await using subgraph = await startStubSubgraph(() =>
    isFailing ? page(503) : json({ data: { ping: 'pong' } }),
  );
  await using router = await startRouterProcess({
    only: { url: subgraph.url, sdl: 'type Query { ping(n: Int): String }' },
  });
  let sent = 0;
  const asked: Promise<{ at: number; done: boolean }>[] = [];
  const askFor = async (ms: number) => {
    const began = performance.now();
    while (performance.now() - began < ms) {
      const at = performance.now();
      asked.push(sendWithRetries(router.url, () => (sent += 1)).then((done) => ({ at, done })));
      await delay(EVERY_MS);
    }
  };
  await askFor(1_000);
  await Promise.all(asked);

  isFailing = true;
  const before = { sent, calls: subgraph.requests.length };
  await askFor(OUTAGE_MS);
  const amplification = (subgraph.requests.length - before.calls) / (sent - before.sent);
  isFailing = false;
  const healedAt = performance.now();
  await askFor(6_000);
  const outcomes = await Promise.all(asked);

  const lastFailed = outcomes.filter(({ done }) => !done).at(-1)?.at ?? healedAt;
  recordMeasurement(context, 'retry storm: subgraph calls per request', amplification.toFixed(3));
  recordMeasurement(
    context,
    'retry storm: every request succeeds again after ms',
    Math.round(Math.max(0, lastFailed - healedAt)),
  );
  expect(amplification).toBeLessThanOrEqual(1.1);
  expect(lastFailed - healedAt).toBeLessThan(5_000);
});
