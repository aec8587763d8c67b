import { expect, it } from 'vitest';
import { json, redirect, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

it('rejects a redirect, so that identity headers are not sent to another subgraph', async () => {
  await using elsewhere = await startStubSubgraph(() => json({ data: { a: 1 } }));
  await using subgraph = await startStubSubgraph(() => redirect(elsewhere.url));
  await using one = poolOf([subgraph.url]);
  expect(await one.fail()).toEqual({
    code: 'SUBGRAPH_HTTP_ERROR',
    service: 'inventory',
    message: 'inventory returned HTTP status 307',
    breaker: 'closed',
  });
  expect(elsewhere.counts.connections).toBe(0);
});
