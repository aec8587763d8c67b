import { expect, it } from 'vitest';
import { answer, startStubSubgraph } from '../support/stub-subgraph.ts';
import { upstreamOf } from '../support/upstream.ts';

it('refuses calls beyond the bulkhead at once, and leaves the breaker of the healthy subgraph closed', async () => {
  const finish: (() => void)[] = [];
  await using subgraph = await startStubSubgraph(() => (response, request) => {
    finish.push(() => answer({ data: { a: 1 } })(response, request));
  });
  await using one = upstreamOf([subgraph.url], {
    maxConcurrent: 5,
    breaker: { consecutiveFailures: 1, minCalls: 1 },
  });

  const admitted = Array.from({ length: 5 }, () => one.call());
  await subgraph.received(5);
  const refused = await Promise.all(Array.from({ length: 40 }, () => one.fail()));
  expect(refused[0]).toEqual({
    code: 'SUBGRAPH_OVERLOADED',
    service: 'inventory',
    message: 'too many calls to inventory are under way',
    retryAfterMs: 1_000,
  });
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['SUBGRAPH_OVERLOADED']));
  expect(one.breaker()).toBe('closed');

  for (const respond of finish) respond();
  const kinds = (await Promise.all(admitted)).map(({ kind }) => kind);
  expect(kinds).toEqual(Array(5).fill('answered'));
});
