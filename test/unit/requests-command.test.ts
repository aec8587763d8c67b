import { expect, test } from 'vitest';
import { traceLines } from '../../cli/requests/trace-text.ts';
import { runVerb } from '../support/processes/run-verb.ts';

const FETCH = { path: [], outcome: 'OK', attempts: 1, joined: null, sharedWith: null, source: 'subgraph' };

test.each([
  ['a call of the whole time', [0, 40, {}], '|########################################|  0.0 + 40.0 ms'],
  ['a call in the middle', [10, 20, {}], '|          ##########                    |  10.0 + 10.0 ms'],
  ['a short call at the end', [40, 40, {}], '|                                       #|  40.0 + 0.0 ms'],
  [
    'a retried call for the entities of a list',
    [0, 20, { attempts: 2, path: ['orders', '@', 'product'] }],
    '|####################                    |  0.0 + 20.0 ms  orders.product, 2 attempts',
  ],
  [
    'a stale value after a timeout',
    [0, 20, { outcome: 'SUBGRAPH_TIMEOUT', source: 'stale' }],
    '|####################                    |  0.0 + 20.0 ms  SUBGRAPH_TIMEOUT, value from stale',
  ],
  [
    'a shared call',
    [0, 20, { joined: 'req-1', sharedWith: 3 }],
    '|####################                    |  0.0 + 20.0 ms  call of request req-1, same call as #3',
  ],
] as const)('tributary requests draws %s', (_, [startMs, endMs, more], line) => {
  const fetches = [{ ...FETCH, id: 0, subgraph: 'order', startMs, endMs, ...more }];
  const [text] = traceLines({ totalMs: 40, sentence: '', fetches });
  expect(text?.replaceAll('█', '#')).toBe(`#0 order  ${line}`);
});

test('tributary requests reports wrong arguments and a router that does not respond', async () => {
  await expect(runVerb('requests', '--admin', 'nowhere')).rejects.toThrow('--admin must be a URL');
  const unreachable = await runVerb('requests', '--admin', 'http://127.0.0.1:1');
  expect(unreachable).toMatchObject({ kind: 'failure', code: 'ROUTER_UNREACHABLE' });
});
