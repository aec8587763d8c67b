import type { CollectedMetric, Exemplar, Sample } from './collected-metric.ts';

/** Media type of the OpenMetrics text format, the only text format that has exemplars. */
export const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/**
 * Writes metrics in the OpenMetrics text format 1.0. The writer of prom-client cannot be used: it renames the
 * registry's counters permanently, so that the next response in the plain text format would have wrong names.
 */
export function openMetricsText(metrics: readonly CollectedMetric[]): string {
  return `${metrics.flatMap(familyLines).join('\n')}\n# EOF\n`;
}

function familyLines({ name, help, type, values }: CollectedMetric): readonly string[] {
  const isCounter = type === 'counter';
  const family = isCounter ? name.replace(/_total$/, '') : name;
  return [
    `# HELP ${family} ${escaped(help)}`,
    `# TYPE ${family} ${type}`,
    ...values.map((sample) => sampleLine(isCounter ? `${family}_total` : name, sample)),
  ];
}

function sampleLine(name: string, { metricName = name, labels, value, exemplar }: Sample): string {
  const list = Object.entries(labels).map(([label, text]) => `${label}="${escaped(String(text))}"`);
  const block = list.length === 0 ? '' : `{${list.join(',')}}`;
  return `${metricName}${block} ${number(value)}${exemplar ? exemplarText(exemplar) : ''}`;
}

function exemplarText({ labelSet, value, timestamp }: Exemplar): string {
  return ` # {trace_id="${escaped(labelSet.trace_id)}"} ${number(value)} ${timestamp.toFixed(3)}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

/**
 * Returns whether a client, by its `accept` header, prefers the OpenMetrics format or accepts it as much as
 * plain text.
 */
export function prefersOpenMetrics(accept = ''): boolean {
  const ranges = accept.split(',').map(readRange);
  const best = (type: string, version: string) =>
    Math.max(
      0,
      ...ranges
        .filter((range) => range.type === type && (range.version ?? version) === version)
        .map(({ quality }) => quality),
    );
  const quality = best('application/openmetrics-text', '1.0.0');
  return quality > 0 && quality >= best('text/plain', '0.0.4');
}

function readRange(text: string) {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const valueOf = (name: string) =>
    parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
  const quality = Number(valueOf('q') ?? 1);
  return { type, version: valueOf('version'), quality: Number.isNaN(quality) ? 0 : quality };
}
