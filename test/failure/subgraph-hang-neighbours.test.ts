import { expect, test } from 'vitest';
import { json, hang, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';

const NEVER_MS = 600_000;
const STUCK = 50;
const HEALTHY = 200;

test('a hanging subgraph delays no request that does not use it', async () => {
  await using healthy = await startStubSubgraph(() => json({ data: { ping: 'pong' } }));
  await using hanging = await startStubSubgraph(() => hang());
  await using router = await startRouterProcess(
    {
      healthy: { url: healthy.url, sdl: 'type Query { ping(n: Int): String }' },
      hanging: { url: hanging.url, sdl: 'type Query { stuck(n: Int): String }' },
    },
    `{ traffic: { deadlineMs: ${NEVER_MS}, all: { timeoutMs: ${NEVER_MS} } }, overload: { enabled: false } }`,
  );
  const leaving = new AbortController();
  const ask = (field: string, n: number) =>
    fetch(router.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: `query ($n: Int) { ${field}(n: $n) }`, variables: { n } }),
      signal: leaving.signal,
    }).then((response) => response.json());
  let ended = 0;
  const stuck = Array.from({ length: STUCK }, (_, n) =>
    ask('stuck', n).then(
      () => (ended += 1),
      () => undefined,
    ),
  );
  await hanging.received(STUCK);
  const responses = await Promise.all(Array.from({ length: HEALTHY }, (_, n) => ask('ping', n)));
  expect(responses).toEqual(Array.from({ length: HEALTHY }, () => ({ data: { ping: 'pong' } })));
  expect(ended).toBe(0);
  leaving.abort();
  await Promise.all(stuck);
});
