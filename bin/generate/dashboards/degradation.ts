import { of, rate } from './dashboard.ts';
import type { Dashboard } from './dashboard.ts';

const EXECUTED = rate('tributary_responses_total', '', 'outcome=~"ok|partial|failed"');

export const DEGRADATION: Dashboard = {
  name: 'degradation',
  title: 'Degradation',
  description: 'What do clients not get, why, and what do they get instead?',
  rows: [
    {
      title: 'Responses',
      panels: [
        {
          title: 'Degraded share by subgraph',
          description:
            'Share of the responses that lack data of a subgraph, or have a fallback or a stale value in its place.',
          unit: 'percentunit',
          width: 8,
          redFrom: 0.05,
          alert: 'TributaryDegradedResponses',
          queries: [
            {
              expr: `${rate('tributary_degraded_total', 'subgraph')} / on () group_left () ${EXECUTED}`,
              legend: '{{subgraph}}',
            },
          ],
        },
        {
          title: 'By reason',
          description: 'The error code of the call that failed.',
          unit: 'reqps',
          width: 8,
          alert: 'TributaryDegradedResponses',
          queries: [
            { expr: rate('tributary_degraded_total', 'subgraph, reason'), legend: '{{subgraph}} {{reason}}' },
          ],
        },
        {
          title: 'By source of the replacement',
          description:
            'null: no value, and an error. Configure degradation.stale and degradation.fallbacks for what clients miss most.',
          kind: 'stack',
          unit: 'reqps',
          width: 8,
          alert: 'TributaryDegradedResponses',
          queries: [{ expr: rate('tributary_degraded_total', 'source'), legend: '{{source}}' }],
        },
        {
          title: 'Partial and failed share',
          description: 'partial: executed with errors or replaced values. failed: no result.',
          unit: 'percentunit',
          width: 12,
          redFrom: 0.01,
          alert: 'TributaryErrorShareHigh',
          queries: [
            {
              expr: `${rate('tributary_responses_total', 'outcome', 'outcome=~"partial|failed"')} / on () group_left () ${EXECUTED}`,
              legend: '{{outcome}}',
            },
          ],
        },
        {
          title: 'Breakers',
          description: 'The worst state of any router, by subgraph and field.',
          kind: 'timeline',
          unit: 'none',
          width: 12,
          alert: 'TributaryBreakerOpen',
          queries: [
            {
              expr: `max by (subgraph, scope) (${of('tributary_breaker_open')}) > 0 or max by (subgraph, scope) (${of('tributary_breaker_open', 'scope="subgraph"')})`,
              legend: '{{subgraph}} {{scope}}',
            },
          ],
        },
      ],
    },
    {
      title: 'What the router does without',
      panels: [
        {
          title: 'Redis',
          description: '1: connected. 0: limits, revocations and persisted operations are kept per router.',
          unit: 'none',
          width: 8,
          alert: 'TributaryRateLimitStoreLost',
          queries: [
            {
              expr: `min by (instance, client) (${of('tributary_redis_up')})`,
              legend: '{{instance}} {{client}}',
            },
          ],
        },
        {
          title: 'Shed requests',
          description: 'Requests per second rejected with OVERLOADED, by priority.',
          unit: 'reqps',
          width: 8,
          redFrom: 1,
          alert: 'TributaryRequestsShed',
          queries: [{ expr: rate('tributary_requests_shed_total', 'priority'), legend: '{{priority}}' }],
        },
        {
          title: 'Fetches of issuer keys',
          description: 'failed: tokens with new keys cannot be verified.',
          unit: 'reqps',
          width: 8,
          alert: 'TributaryAuthenticationRejections',
          queries: [{ expr: rate('tributary_issuer_key_fetches_total', 'outcome'), legend: '{{outcome}}' }],
        },
        {
          title: 'Corrections of charged costs',
          description: 'lost: Redis did not accept a refund in time.',
          unit: 'reqps',
          width: 8,
          alert: 'TributaryRateLimitStoreLost',
          queries: [
            { expr: rate('tributary_rate_limit_reconciliations_total', 'outcome'), legend: '{{outcome}}' },
          ],
        },
        {
          title: 'Would have been rejected',
          description: 'Operations that limits in mode "measure" would reject in mode "enforce".',
          unit: 'reqps',
          width: 8,
          queries: [{ expr: rate('tributary_limits_measured_total', 'code'), legend: '{{code}}' }],
        },
        {
          title: 'Recorded operations',
          description: 'Recorded requests by outcome of their delivery to the registry.',
          unit: 'reqps',
          width: 8,
          queries: [
            { expr: rate('tributary_usage_requests_total', 'outcome'), legend: '{{outcome}}' },
            { expr: rate('tributary_usage_delivery_failures_total'), legend: 'failed attempts' },
          ],
        },
      ],
    },
  ],
};
