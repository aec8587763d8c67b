import { expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { subgraphSettings } from '../../router/subgraph/call/settings.ts';

function trafficOf(text: string) {
  return parseConfig(text, { env: {}, fileName: 'router.yaml', directory: '.' }).traffic;
}

test('a breaker setting of one subgraph keeps its other settings as they are for all', () => {
  const traffic = trafficOf(
    'traffic: { all: { breaker: { minCalls: 99, enabled: false } }, subgraphs: { slow: { breaker: { openMs: 7 } } } }',
  );
  expect(subgraphSettings(traffic, 'slow').breaker).toEqual({ ...traffic.all.breaker, openMs: 7 });
  expect(traffic.all.breaker).toMatchObject({ minCalls: 99, enabled: false });
});
