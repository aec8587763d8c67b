import { of, quantile, rate } from './dashboard.ts';
import type { Dashboard } from './dashboard.ts';

export const ROLLOUT: Dashboard = {
  name: 'rollout',
  title: 'Rollout',
  description:
    'Which supergraph and configuration do the routers use, since when, and what did the change cause?',
  rows: [
    {
      title: 'Supergraph',
      panels: [
        {
          title: 'Versions in use',
          description: 'Processes that serve each version. Two versions for long: a router is behind.',
          kind: 'stack',
          unit: 'short',
          width: 12,
          alert: 'TributarySupergraphVersionsDiffer',
          queries: [
            { expr: `sum by (version) (${of('tributary_supergraph_serving')})`, legend: '{{version}}' },
          ],
        },
        {
          title: 'Supergraphs by outcome',
          description: 'Activated, rejected, canaries and their rollbacks.',
          unit: 'short',
          width: 12,
          alert: 'TributaryCanaryRolledBack',
          queries: [
            {
              expr: `sum by (outcome) (increase(${of('tributary_supergraphs_total')}[$__rate_interval]))`,
              legend: '{{outcome}}',
            },
          ],
        },
        {
          title: 'Rejected now',
          description:
            'Versions that routers reject, with the code of the first reason. /health/ready of the admin port has the texts.',
          kind: 'table',
          unit: 'none',
          width: 12,
          redFrom: 1,
          alert: 'TributarySupergraphRejected',
          queries: [
            { expr: `sum by (version, reason) (${of('tributary_supergraph_rejected')})`, legend: '' },
          ],
        },
        {
          title: 'Age of the supergraph',
          description: 'Time since the active supergraph was activated.',
          unit: 's',
          width: 6,
          queries: [{ expr: of('tributary_supergraph_age_seconds'), legend: '{{instance}}' }],
        },
        {
          title: 'Time since a source delivered',
          description: 'It grows while the source does not respond.',
          unit: 's',
          width: 6,
          redFrom: 300,
          alert: 'TributarySupergraphSourceLost',
          queries: [
            {
              expr: `max by (source) (${of('tributary_supergraph_source_age_seconds')})`,
              legend: '{{source}}',
            },
          ],
        },
        {
          title: 'Source in use',
          description: 'Kind "stored": the router started with its copy on disk.',
          kind: 'table',
          unit: 'none',
          width: 12,
          alert: 'TributarySupergraphSourceLost',
          queries: [{ expr: `sum by (source, kind) (${of('tributary_supergraph_source')})`, legend: '' }],
        },
        {
          title: 'Launch',
          description: 'Number of the active launch of the registry.',
          unit: 'none',
          width: 6,
          queries: [
            {
              expr: `max by (instance, graph) (${of('tributary_registry_launch')})`,
              legend: '{{graph}} {{instance}}',
            },
          ],
        },
        {
          title: 'Sequence of the release',
          description:
            'Each change of a variant makes the next one. A router that is behind has a lower one.',
          unit: 'none',
          width: 6,
          queries: [
            {
              expr: `max by (instance, graph) (${of('tributary_registry_sequence')})`,
              legend: '{{graph}} {{instance}}',
            },
          ],
        },
      ],
    },
    {
      title: 'What the change caused',
      panels: [
        {
          title: 'Error share',
          description: 'Compare before and after the annotations.',
          unit: 'percentunit',
          width: 8,
          redFrom: 0.01,
          alert: 'TributaryErrorShareHigh',
          queries: [
            {
              expr: `${rate('tributary_responses_total', 'instance', 'outcome=~"partial|failed"')} / ${rate('tributary_responses_total', 'instance', 'outcome=~"ok|partial|failed"')}`,
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'Latency, p99',
          description: 'Compare before and after the annotations, and routers with each other.',
          unit: 's',
          width: 8,
          redFrom: 0.1,
          alert: 'TributaryLatencyHigh',
          queries: [
            {
              expr: quantile(0.99, 'http_server_request_duration_seconds', 'instance'),
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'Operations planned',
          description: 'A new supergraph plans the operations again; the most used before it is activated.',
          unit: 'reqps',
          width: 8,
          queries: [
            { expr: rate('tributary_planning_duration_seconds_count', 'outcome'), legend: '{{outcome}}' },
          ],
        },
        {
          title: 'Prepared operations',
          description: 'Operations in the cache of the active supergraph.',
          unit: 'short',
          width: 8,
          queries: [
            {
              expr: `sum by (instance) (${of('tributary_operation_cache_entries')})`,
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'Changes of the configuration',
          description: 'Applied and rejected changes of router.yaml.',
          unit: 'short',
          width: 8,
          alert: 'TributaryConfigurationRejected',
          queries: [
            {
              expr: `sum by (outcome) (increase(${of('tributary_configuration_changes_total')}[$__rate_interval]))`,
              legend: '{{outcome}}',
            },
          ],
        },
        {
          title: 'Reports to the registry',
          description: 'Reports of what this router serves, by outcome.',
          unit: 'reqps',
          width: 8,
          queries: [{ expr: rate('tributary_registry_reports_total', 'outcome'), legend: '{{outcome}}' }],
        },
      ],
    },
  ],
};
