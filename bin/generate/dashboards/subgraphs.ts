import { of, quantile, rate } from './dashboard.ts';
import type { Dashboard } from './dashboard.ts';

const CALLS = 'http_client_request_duration_seconds';
const CHOSEN = 'subgraph=~"$subgraph"';

export const SUBGRAPHS: Dashboard = {
  name: 'subgraphs',
  title: 'Subgraphs',
  description: 'Which subgraph is slow, failing or blocked, as the routers see it?',
  hasSubgraphs: true,
  rows: [
    {
      title: 'Calls',
      panels: [
        {
          title: 'Calls',
          description: 'Calls per second, those that a breaker has blocked included.',
          unit: 'reqps',
          width: 8,
          queries: [{ expr: rate(`${CALLS}_count`, 'subgraph', CHOSEN), legend: '{{subgraph}}' }],
        },
        {
          title: 'Error share',
          description: 'Share of the calls whose outcome is not OK.',
          unit: 'percentunit',
          width: 8,
          redFrom: 0.05,
          alert: 'TributarySubgraphDown',
          queries: [
            {
              expr: `1 - ${rate(`${CALLS}_count`, 'subgraph', `${CHOSEN}, outcome="OK"`)} / ${rate(`${CALLS}_count`, 'subgraph', CHOSEN)}`,
              legend: '{{subgraph}}',
            },
          ],
        },
        {
          title: 'Failed calls by code',
          description:
            'SUBGRAPH_TIMEOUT: slow. SUBGRAPH_UNAVAILABLE: process or network. SUBGRAPH_OVERLOADED: more calls at once than allowed. docs/errors.md explains the others.',
          unit: 'reqps',
          width: 8,
          alert: 'TributarySubgraphDown',
          queries: [
            {
              expr: rate(`${CALLS}_count`, 'subgraph, outcome', `${CHOSEN}, outcome!="OK"`),
              legend: '{{subgraph}} {{outcome}}',
            },
          ],
        },
        {
          title: 'Duration, p50',
          description: 'Half of the calls are faster.',
          unit: 's',
          width: 8,
          queries: [{ expr: quantile(0.5, CALLS, 'subgraph', CHOSEN), legend: '{{subgraph}}' }],
        },
        {
          title: 'Duration, p95',
          description: '95 % of the calls are faster.',
          unit: 's',
          width: 8,
          alert: 'TributaryLatencyHigh',
          queries: [
            { expr: quantile(0.95, CALLS, 'subgraph', CHOSEN), legend: '{{subgraph}}', hasExemplars: true },
          ],
        },
        {
          title: 'Duration, p99',
          description: '99 % of the calls are faster. Points are single calls; a click opens the trace.',
          unit: 's',
          width: 8,
          alert: 'TributaryLatencyHigh',
          queries: [
            { expr: quantile(0.99, CALLS, 'subgraph', CHOSEN), legend: '{{subgraph}}', hasExemplars: true },
          ],
        },
      ],
    },
    {
      title: 'Waiting',
      panels: [
        {
          title: 'Calls in flight',
          description:
            'The limit of each router is traffic.subgraphs.NAME.maxConcurrent. Calls beyond it fail with SUBGRAPH_OVERLOADED.',
          unit: 'short',
          width: 8,
          queries: [
            {
              expr: `sum by (subgraph) (${of('tributary_subgraph_in_flight', CHOSEN)})`,
              legend: '{{subgraph}}',
            },
          ],
        },
        {
          title: 'Connections and waiting calls',
          description:
            'pending: calls that wait for a connection. It should be 0; above, the pool is exhausted.',
          unit: 'short',
          width: 8,
          alert: 'TributaryLatencyHigh',
          queries: [
            {
              expr: `sum by (subgraph, state) (${of('tributary_subgraph_connections', CHOSEN)})`,
              legend: '{{subgraph}} {{state}}',
            },
          ],
        },
        {
          title: 'Wait for a connection, p95',
          description: 'Time that calls waited before they could be sent.',
          unit: 's',
          width: 8,
          alert: 'TributaryLatencyHigh',
          queries: [
            {
              expr: quantile(0.95, 'tributary_subgraph_connection_wait_seconds', 'subgraph', CHOSEN),
              legend: '{{subgraph}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Protection',
      panels: [
        {
          title: 'Breakers',
          description: 'The worst state of any router, by subgraph and field.',
          kind: 'timeline',
          unit: 'none',
          width: 24,
          alert: 'TributaryBreakerOpen',
          queries: [
            {
              expr: `max by (subgraph, scope) (${of('tributary_breaker_open', CHOSEN)})`,
              legend: '{{subgraph}} {{scope}}',
            },
          ],
        },
        {
          title: 'Breaker changes',
          description: 'forced="true": an operator has changed it.',
          unit: 'short',
          width: 8,
          alert: 'TributaryBreakerOpen',
          queries: [
            {
              expr: `sum by (subgraph, scope, to, forced) (increase(${of('tributary_breaker_transitions_total', CHOSEN)}[$__rate_interval]))`,
              legend: '{{subgraph}} {{scope}} to {{to}}, forced: {{forced}}',
            },
          ],
        },
        {
          title: 'Retries',
          description: 'Calls that were sent again, per second.',
          unit: 'reqps',
          width: 8,
          queries: [
            { expr: rate('tributary_subgraph_retries_total', 'subgraph', CHOSEN), legend: '{{subgraph}}' },
          ],
        },
        {
          title: 'Ejected addresses',
          description: 'Addresses that were taken out of load balancing.',
          unit: 'short',
          width: 8,
          queries: [
            {
              expr: `sum by (subgraph) (increase(${of('tributary_endpoint_ejections_total', CHOSEN)}[$__rate_interval]))`,
              legend: '{{subgraph}}',
            },
          ],
        },
        {
          title: 'Certificates',
          description: 'Days until a certificate towards a subgraph expires; "all" is traffic.all.tls.',
          kind: 'table',
          unit: 'd',
          width: 24,
          alert: 'TributaryCertificateExpiring',
          queries: [
            {
              expr: `(min by (subgraph, file) (${of('tributary_certificate_expiry_timestamp_seconds')}) - time()) / 86400`,
              legend: '',
            },
          ],
        },
      ],
    },
  ],
};
