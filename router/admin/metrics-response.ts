import type { Registry } from 'prom-client';
import type { ClientResponse } from '../request/client-request.ts';
import { collectMetrics } from '../telemetry/metrics/collect-metrics.ts';
import {
  OPENMETRICS_TYPE,
  openMetricsText,
  prefersOpenMetrics,
} from '../telemetry/metrics/openmetrics-text.ts';

/**
 * Returns the response with the metrics, in the text format that the client prefers: OpenMetrics, which has
 * exemplars, or the older format of Prometheus.
 */
export async function metricsResponse(
  metrics: Registry,
  accept: string | undefined,
): Promise<ClientResponse> {
  const [type, body] = prefersOpenMetrics(accept)
    ? [OPENMETRICS_TYPE, openMetricsText(await collectMetrics(metrics))]
    : [metrics.contentType, await metrics.metrics()];
  return { status: 200, headers: { 'content-type': type, vary: 'accept' }, body };
}
