import { REGISTRY_METRICS } from '../../registry/telemetry/metrics.ts';

/** The metrics of the registry as a table for docs/registry.md. */
export function registryMetricsTable(): string {
  const rows = Object.entries(REGISTRY_METRICS).map(([name, metric]) => {
    const results = 'results' in metric ? metric.results.map((result) => `\`${result}\``).join(', ') : '';
    return `| \`${name}\` | ${metric.kind} | ${results} | ${metric.help} |`;
  });
  return ['| Metric | Kind | `result` | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}
