import { of, quantile, rate } from './dashboard.ts';
import type { Dashboard } from './dashboard.ts';

const OPERATIONS = 'tributary_operation_duration_seconds';

export const CLIENTS: Dashboard = {
  name: 'clients',
  title: 'Clients and cost',
  description: 'Who sends what, who is rejected, and who should change something?',
  rows: [
    {
      title: 'Clients',
      panels: [
        {
          title: 'Requests by client',
          description: 'By the name that clients send. "other" is the rest.',
          kind: 'stack',
          unit: 'reqps',
          width: 8,
          queries: [
            {
              expr: `topk(15, ${rate('tributary_client_requests_total', 'client_name')})`,
              legend: '{{client_name}}',
            },
          ],
        },
        {
          title: 'Versions of clients',
          description: 'A new version that behaves differently shows here first.',
          unit: 'reqps',
          width: 8,
          queries: [
            {
              expr: `topk(15, ${rate('tributary_client_requests_total', 'client_name, client_version')})`,
              legend: '{{client_name}} {{client_version}}',
            },
          ],
        },
        {
          title: 'Responses that are not ok, by client',
          description: 'One client: its operations or its limits. All clients: the graph.',
          unit: 'reqps',
          width: 8,
          queries: [
            {
              expr: rate('tributary_client_requests_total', 'client_name, outcome', 'outcome!="ok"'),
              legend: '{{client_name}} {{outcome}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Operations',
      panels: [
        {
          title: 'Requests by operation',
          description: 'Operations of manifests and the most frequent others.',
          kind: 'stack',
          unit: 'reqps',
          width: 8,
          queries: [
            {
              expr: `topk(15, ${rate(`${OPERATIONS}_count`, 'graphql_operation_name')})`,
              legend: '{{graphql_operation_name}}',
            },
          ],
        },
        {
          title: 'Time spent, by operation',
          description: 'Requests times duration: what to make cheaper first.',
          kind: 'stack',
          unit: 'short',
          width: 8,
          queries: [
            {
              expr: `topk(15, ${rate(`${OPERATIONS}_sum`, 'graphql_operation_name')})`,
              legend: '{{graphql_operation_name}}',
            },
          ],
        },
        {
          title: 'Duration by operation, p95',
          description: '95 % of the requests are faster.',
          unit: 's',
          width: 8,
          queries: [
            {
              expr: `topk(15, ${quantile(0.95, OPERATIONS, 'graphql_operation_name')})`,
              legend: '{{graphql_operation_name}}',
            },
          ],
        },
        {
          title: 'Deprecated fields in use',
          description: 'Requests per second that use a deprecated field. 0 for a month: remove it.',
          unit: 'reqps',
          width: 8,
          queries: [
            {
              expr: rate('tributary_deprecated_field_requests_total', 'coordinate'),
              legend: '{{coordinate}}',
            },
          ],
        },
        {
          title: 'Persisted operations',
          description:
            'Requests with a hash or id instead of a document. missed: the client must send the document.',
          unit: 'reqps',
          width: 8,
          queries: [{ expr: rate('tributary_persisted_operations_total', 'outcome'), legend: '{{outcome}}' }],
        },
        {
          title: 'New operations on no manifest',
          description: 'Documents that no manifest lists, per second.',
          unit: 'reqps',
          width: 8,
          queries: [{ expr: rate('tributary_unlisted_operations_total'), legend: 'unlisted' }],
        },
      ],
    },
    {
      title: 'Limits and cost',
      panels: [
        {
          title: 'Rate-limit decisions',
          description: 'store "local": Redis is lost, and each router admits its share.',
          unit: 'reqps',
          width: 8,
          alert: 'TributaryRateLimitRejections',
          queries: [
            {
              expr: rate('tributary_rate_limit_decisions_total', 'decision, store'),
              legend: '{{decision}} ({{store}})',
            },
          ],
        },
        {
          title: 'Rejections by tier',
          description: 'Requests per second that were rejected with RATE_LIMITED.',
          unit: 'reqps',
          width: 8,
          alert: 'TributaryRateLimitRejections',
          queries: [{ expr: rate('tributary_rate_limit_rejections_total', 'tier'), legend: '{{tier}}' }],
        },
        {
          title: 'Rejections by address',
          description: 'Rejections of the last minute, of the addresses with most.',
          unit: 'short',
          width: 8,
          redFrom: 1000,
          alert: 'TributaryAddressRejected',
          queries: [
            {
              expr: `topk(10, sum by (address) (${of('tributary_rate_limit_rejections_by_address')}))`,
              legend: '{{address}}',
            },
          ],
        },
        {
          title: 'Refunded points',
          description:
            'Points per second that were charged before and not needed. Many: list sizes are estimated too high.',
          unit: 'short',
          width: 8,
          queries: [{ expr: rate('tributary_rate_limit_refunded_points_total'), legend: 'points' }],
        },
        {
          title: 'Rejected tokens',
          description: 'Requests per second that were rejected because of their token.',
          unit: 'reqps',
          width: 8,
          alert: 'TributaryAuthenticationRejections',
          queries: [{ expr: rate('tributary_authentication_rejections_total', 'code'), legend: '{{code}}' }],
        },
        {
          title: 'Connections closed by the router',
          description: 'Clients that send or read too slowly, or have too many connections.',
          unit: 'reqps',
          width: 8,
          queries: [{ expr: rate('tributary_clients_cut_off_total', 'reason'), legend: '{{reason}}' }],
        },
      ],
    },
  ],
};
