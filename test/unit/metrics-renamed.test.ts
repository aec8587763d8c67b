import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createMetrics } from '../../router/telemetry/metrics.ts';

test('a renamed metric also counts under its old name, with the old label value', async () => {
  const registry = new Registry();
  const metrics = createMetrics(registry, { now: () => 0 });
  metrics.authRejections.inc(['TOKEN_INVALID']);
  metrics.rateLimit.inc(['rejected', 'redis'], 2);
  metrics.rateLimit.inc(['admitted', 'local']);
  const samples = (await registry.metrics())
    .split('\n')
    .filter((line) => /^tributary_(auth|budget|rate)/.test(line));
  expect(samples.toSorted()).toEqual([
    'tributary_authentication_refusals_total{code="TOKEN_INVALID"} 1',
    'tributary_authentication_rejections_total{code="TOKEN_INVALID"} 1',
    'tributary_budget_decisions_total{decision="admitted",store="local"} 1',
    'tributary_budget_decisions_total{decision="refused",store="redis"} 2',
    'tributary_budget_refunded_points_total 0',
    'tributary_rate_limit_decisions_total{decision="admitted",store="local"} 1',
    'tributary_rate_limit_decisions_total{decision="rejected",store="redis"} 2',
    'tributary_rate_limit_redis_calls_total 0',
    'tributary_rate_limit_refunded_points_total 0',
  ]);
});
