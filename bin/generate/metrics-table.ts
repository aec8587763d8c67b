import { METRIC_TOPICS } from '../../router/telemetry/metrics/definitions.ts';
import type { MetricDefinition } from '../../router/telemetry/metrics/definitions.ts';

/** The metrics of the router as tables for docs/metrics.md, one for each topic. */
export function metricsTable(): string {
  return Object.entries(METRIC_TOPICS)
    .map(([topic, metrics]) => topicTable(topic, metrics))
    .join('\n\n');
}

function topicTable(topic: string, metrics: Readonly<Record<string, MetricDefinition>>): string {
  const rows = Object.values(metrics).map(
    ({ name, kind, labels, help }) =>
      `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return [`### ${topic}`, '', '| Metric | Kind | Labels | Meaning |', '|---|---|---|---|', ...rows].join(
    '\n',
  );
}
