import type { SmallGraph } from '../graphs/small-graph.ts';

/** Returns everything by which a response reports missing data. */
export async function askForRest(
  graph: SmallGraph,
  query: string,
  { headers = {}, more = {} }: { headers?: Record<string, string>; more?: object } = {},
) {
  const response = await graph.post({ query, ...more }, { 'x-cost': 'report', ...headers });
  const { data, errors = [], extensions = {} } = (await response.json()) as Body;
  return {
    data,
    codes: errors.map((error) => error.extensions.code),
    degraded: extensions.degraded ?? [],
    cost: extensions.cost?.actual,
    header: response.headers.get('x-degraded'),
  };
}

type Body = {
  readonly data: unknown;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
  readonly extensions?: {
    readonly degraded?: readonly Readonly<Record<string, unknown>>[];
    readonly cost?: { readonly actual: number };
  };
};

/** Returns the lines of the metric that counts missing data. */
export async function degradedMetric({ router }: SmallGraph): Promise<readonly string[]> {
  const text = await router.telemetry.metrics.getSingleMetricAsString('tributary_degraded_total');
  return text.split('\n').filter((line) => line.startsWith('tributary_degraded_total'));
}

/** Stops a service, so that connections to its port fail. */
export async function stopService(graph: SmallGraph, name: string): Promise<void> {
  await graph.services.get(name)?.[Symbol.asyncDispose]();
}
