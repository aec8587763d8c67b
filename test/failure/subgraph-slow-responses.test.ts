import { expect, it } from 'vitest';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import type { Script } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

async function callFiveTimes(settings: Record<string, unknown>, takesMs: number) {
  let passes: (() => void) | undefined;
  const slow: Script = () => (response, request) => {
    passes?.();
    json({ data: { a: 1 } })(response, request);
  };
  await using subgraph = await startStubSubgraph(slow);
  await using one = poolOf([subgraph.url], settings);
  passes = () => one.clock.advance(takesMs);
  for (let time = 0; time < 5; time += 1) expect(await one.call()).toMatchObject({ kind: 'received' });
  return one.breaker();
}

it('responses that take longer than slowMs are delivered, and open the breaker', async () => {
  expect(await callFiveTimes({ breaker: { slowMs: 500 } }, 500)).toBe('open');
});

it('responses that take less than slowMs leave the breaker closed', async () => {
  expect(await callFiveTimes({ breaker: { slowMs: 500 } }, 499)).toBe('closed');
});

it('no response counts as slow unless slowMs is set', async () => {
  expect(await callFiveTimes({ timeoutMs: 10_000 }, 1_999)).toBe('closed');
});
