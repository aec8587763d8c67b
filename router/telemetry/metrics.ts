import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import { FastHistogram } from './fast-histogram.ts';
import { isErrorCode } from '../shared/errors.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Creates the metrics of the router and registers them. */
export function createMetrics(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, labelNames: string[]) =>
    new Histogram({ name, help, labelNames, buckets: SECONDS, registers });
  const fastHistogram = (name: string, help: string, labelNames: readonly [string, string]) => {
    const metric = new FastHistogram({ name, help, labelNames, upperBounds: SECONDS });
    // The cast is needed, because the type requires prom-client's own class. The registry only uses `name`,
    // `get` and `reset`.
    registry.registerMetric(metric as unknown as Histogram);
    return metric;
  };
  // Creates a counter that also counts under its old name, with the old values of its labels. Dashboards thus
  // keep working until the next version removes the old name.
  const renamedCounter = (oldName: string, name: string, help: string, labelNames: string[]) => {
    const current = counter(name, help, labelNames);
    const old = counter(oldName, `Deprecated name of ${name}.`, labelNames);
    return {
      inc: (labels: Record<string, string>, value = 1) => {
        current.inc(labels, value);
        old.inc({ ...labels, ...(labels['decision'] === 'rejected' && { decision: 'refused' }) }, value);
      },
    };
  };
  return {
    requests: fastHistogram(
      'http_server_request_duration_seconds',
      'Duration of client requests in seconds.',
      ['status', 'operation'],
    ),
    errors: counter('tributary_errors_total', 'Errors in responses, by code.', ['code']),
    calls: fastHistogram(
      'http_client_request_duration_seconds',
      'Duration of calls to subgraphs in seconds.',
      ['subgraph', 'outcome'],
    ),
    retries: counter('tributary_subgraph_retries_total', 'Retries of calls to subgraphs.', ['subgraph']),
    ejections: counter('tributary_endpoint_ejections_total', 'Endpoints ejected from load balancing.', [
      'subgraph',
    ]),
    breakerTransitions: counter('tributary_breaker_transitions_total', 'State changes of circuit breakers.', [
      'subgraph',
      'scope',
      'to',
      'forced',
    ]),
    degraded: counter(
      'tributary_degraded_total',
      'Partial responses, by service and by source of the replacement.',
      ['subgraph', 'reason', 'source'],
    ),
    rateLimit: renamedCounter(
      'tributary_budget_decisions_total',
      'tributary_rate_limit_decisions_total',
      'Rate-limit decisions.',
      ['decision', 'store'],
    ),
    reconciliations: renamedCounter(
      'tributary_budget_settlements_total',
      'tributary_rate_limit_reconciliations_total',
      'Corrections of charged costs, by outcome.',
      ['outcome'],
    ),
    refunded: renamedCounter(
      'tributary_budget_refunded_points_total',
      'tributary_rate_limit_refunded_points_total',
      'Points refunded because the actual cost was lower.',
      [],
    ),
    cutOff: counter(
      'tributary_clients_cut_off_total',
      'Connections closed because of their client, by reason.',
      ['reason'],
    ),
    shed: counter('tributary_requests_shed_total', 'Requests rejected because of overload.', ['priority']),
    measured: counter(
      'tributary_limits_measured_total',
      'Operations that enforced rate limits would have rejected.',
      ['code'],
    ),
    persisted: counter('tributary_persisted_operations_total', 'Operations requested by hash or id.', [
      'outcome',
    ]),
    unlisted: counter('tributary_unlisted_operations_total', 'New operations that are on no manifest.', []),
    redisUp: gauge('tributary_redis_up', 'Whether Redis is connected.', ['client']),
    keyFetches: counter('tributary_issuer_key_fetches_total', 'Fetches of issuer keys, by outcome.', [
      'outcome',
    ]),
    authRejections: renamedCounter(
      'tributary_authentication_refusals_total',
      'tributary_authentication_rejections_total',
      'Requests rejected because of their token.',
      ['code'],
    ),
    planning: histogram(
      'tributary_planning_duration_seconds',
      'Duration of planning a new operation in seconds.',
      ['outcome'],
    ),
    graphRequests: counter(
      'tributary_graph_requests_total',
      'Client requests by graph; "all" is the whole supergraph.',
      ['graph'],
    ),
    configurations: counter(
      'tributary_configuration_changes_total',
      'Changes of the configuration of a running router, by outcome: applied or rejected.',
      ['outcome'],
    ),
    usageRequests: counter(
      'tributary_usage_requests_total',
      'Recorded requests by outcome of their delivery: delivered, or rejected by the registry.',
      ['outcome'],
    ),
    usageFailures: counter(
      'tributary_usage_delivery_failures_total',
      'Failed attempts to deliver recorded operations; they are repeated.',
      [],
    ),
    registryReports: counter(
      'tributary_registry_reports_total',
      'Reports to the registry of what this router serves, by outcome.',
      ['outcome'],
    ),
    supergraphs: counter('tributary_supergraphs_total', 'Supergraphs loaded, by outcome.', ['outcome']),
  };
}

const MAX_FOREIGN_CODES = 50;

/**
 * Creates the function that returns an error code as the value of a label. Beyond 50 codes of subgraphs it
 * returns `OTHER`, because a subgraph may return any number of codes.
 */
export function createCodeLabels(): (code: string) => string {
  const foreign = new Set<string>();
  return (code) => {
    if (isErrorCode(code) || foreign.has(code)) return code;
    if (foreign.size >= MAX_FOREIGN_CODES || !/^[A-Z][A-Z_]{2,40}$/.test(code)) return 'OTHER';
    foreign.add(code);
    return code;
  };
}
