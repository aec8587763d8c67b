import { of, quantile, rate } from './dashboard.ts';
import type { Dashboard } from './dashboard.ts';
import { PROCESSES } from './processes.ts';

const REQUESTS = 'http_server_request_duration_seconds';
const ERRORS = rate('tributary_responses_total', '', 'outcome=~"partial|failed"');
const EXECUTED = rate('tributary_responses_total', '', 'outcome=~"ok|partial|failed"');

export const OVERVIEW: Dashboard = {
  name: 'overview',
  title: 'Overview',
  description: 'Are clients served, how fast, and what makes them wait?',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Requests',
          description: 'Client requests per second, rejected ones included.',
          kind: 'stat',
          unit: 'reqps',
          width: 4,
          queries: [{ expr: rate('tributary_responses_total'), legend: '' }],
        },
        {
          title: 'p99',
          description: '99 % of the requests are faster.',
          kind: 'stat',
          unit: 's',
          width: 4,
          redFrom: 0.1,
          alert: 'TributaryLatencyHigh',
          queries: [{ expr: quantile(0.99, REQUESTS), legend: '' }],
        },
        {
          title: 'Error share',
          description:
            'Share of the responses that are partial or failed. Rejected requests are not part of it.',
          kind: 'stat',
          unit: 'percentunit',
          width: 4,
          redFrom: 0.01,
          alert: 'TributaryErrorShareHigh',
          queries: [{ expr: `${ERRORS} / ${EXECUTED}`, legend: '' }],
        },
        {
          title: 'In flight',
          description: 'Client requests in flight, of all routers.',
          kind: 'stat',
          unit: 'short',
          width: 4,
          queries: [{ expr: `sum (${of('http_server_active_requests')})`, legend: '' }],
        },
        {
          title: 'Breakers not closed',
          description: 'Subgraphs and fields that at least one router blocks.',
          kind: 'stat',
          unit: 'none',
          width: 4,
          redFrom: 1,
          alert: 'TributaryBreakerOpen',
          queries: [
            {
              expr: `count (max by (subgraph, scope) (${of('tributary_breaker_open')}) > 0) or vector(0)`,
              legend: '',
            },
          ],
        },
        {
          title: 'Alerts',
          description: 'Alerts of Tributary that fire.',
          kind: 'stat',
          unit: 'none',
          width: 4,
          redFrom: 1,
          queries: [
            {
              expr: 'count (ALERTS{alertname=~"Tributary.*", alertstate="firing", job=~"$job"}) or vector(0)',
              legend: '',
            },
          ],
        },
      ],
    },
    {
      title: 'Requests',
      panels: [
        {
          title: 'Responses by outcome',
          description:
            'partial: executed, with errors or replaced values. failed: no result, because of the router or the graph. rejected: the client or a limit.',
          kind: 'stack',
          unit: 'reqps',
          width: 12,
          alert: 'TributaryErrorShareHigh',
          queries: [{ expr: rate('tributary_responses_total', 'outcome'), legend: '{{outcome}}' }],
        },
        {
          title: 'Latency',
          description: 'Duration of client requests. Points are single requests; a click opens the trace.',
          unit: 's',
          width: 12,
          redFrom: 0.1,
          alert: 'TributaryLatencyHigh',
          queries: [
            { expr: quantile(0.5, REQUESTS), legend: 'p50' },
            { expr: quantile(0.95, REQUESTS), legend: 'p95' },
            { expr: quantile(0.99, REQUESTS), legend: 'p99', hasExemplars: true },
          ],
        },
        {
          title: 'Errors by code',
          description: 'Responses with an error code, per second. docs/errors.md explains the codes.',
          unit: 'reqps',
          width: 12,
          alert: 'TributaryErrorShareHigh',
          queries: [{ expr: rate('tributary_errors_total', 'code'), legend: '{{code}}' }],
        },
        {
          title: 'Requests by status',
          description: 'Partial responses have status 200.',
          kind: 'stack',
          unit: 'reqps',
          width: 12,
          queries: [
            {
              expr: rate(`${REQUESTS}_count`, 'http_response_status_code, graphql_operation_type'),
              legend: '{{http_response_status_code}} {{graphql_operation_type}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Where the time goes',
      panels: [
        {
          title: 'Time on the critical path',
          description:
            'Average time per request that responses waited for each subgraph; "router" is its own share. The highest area is what to make faster.',
          kind: 'stack',
          unit: 's',
          width: 12,
          alert: 'TributaryLatencyHigh',
          queries: [
            {
              expr: `${rate('tributary_critical_path_seconds_sum', 'subgraph')} / on () group_left () ${rate(`${REQUESTS}_count`)}`,
              legend: '{{subgraph}}',
            },
          ],
        },
        {
          title: 'Critical path, p95',
          description:
            'Where a subgraph is on the critical path, 95 % of the requests wait for it at most this long.',
          unit: 's',
          width: 12,
          alert: 'TributaryLatencyHigh',
          queries: [
            { expr: quantile(0.95, 'tributary_critical_path_seconds', 'subgraph'), legend: '{{subgraph}}' },
          ],
        },
        {
          title: 'Slowest operations, p95',
          description: 'The ten operations with the highest p95.',
          unit: 's',
          width: 12,
          queries: [
            {
              expr: `topk(10, ${quantile(0.95, 'tributary_operation_duration_seconds', 'graphql_operation_name')})`,
              legend: '{{graphql_operation_name}}',
            },
          ],
        },
        {
          title: 'Planning of new operations',
          description: 'A first request waits for its plan; later ones use it.',
          unit: 's',
          width: 12,
          queries: [
            {
              expr: quantile(0.95, 'tributary_planning_duration_seconds', 'outcome'),
              legend: 'p95 {{outcome}}',
            },
          ],
        },
      ],
    },
    PROCESSES,
  ],
};
