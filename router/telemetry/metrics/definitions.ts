/**
 * Definition of one metric of the router. The table in docs/metrics.md is generated from these definitions.
 */
export type MetricDefinition = {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /**
   * Former names of labels, each with the label that has replaced it. Samples have both, so that existing
   * dashboards keep working.
   */
  readonly oldLabels?: Readonly<Record<string, string>>;
  /** Former name of the metric. The metric is also served under this name until the next version. */
  readonly oldName?: string;
  /** How the values of several worker processes are combined to one; `sum` by default. */
  readonly aggregator?: 'sum' | 'max' | 'min';
  /** If set, only this number of series is reported: those with the highest values. */
  readonly top?: number;
};

const NO_LABELS: readonly string[] = [];

/** Metrics of client requests. */
const REQUEST_METRICS = {
  requests: {
    name: 'http_server_request_duration_seconds',
    kind: 'histogram',
    help: 'Duration of client requests in seconds.',
    labels: ['http_request_method', 'http_response_status_code', 'graphql_operation_type'],
    oldLabels: { status: 'http_response_status_code', operation: 'graphql_operation_type' },
  },
  responses: {
    name: 'tributary_responses_total',
    kind: 'counter',
    help: 'Responses by outcome: complete (`ok`), executed with errors or replaced values (`partial`), rejected before execution for a reason of the client or a limit (`rejected`), or without result because of the router or the graph (`failed`).',
    labels: ['outcome'],
  },
  operations: {
    name: 'tributary_operation_duration_seconds',
    kind: 'histogram',
    help: 'Duration of client requests by operation name: those of manifests and the 100 first seen often; `other` for the rest, `anonymous` without a name.',
    labels: ['graphql_operation_name', 'outcome'],
  },
  clients: {
    name: 'tributary_client_requests_total',
    kind: 'counter',
    help: 'Client requests by the name and version that the client sends, for 50 pairs; `other` for the rest.',
    labels: ['client_name', 'client_version', 'outcome'],
  },
  criticalPath: {
    name: 'tributary_critical_path_seconds',
    kind: 'histogram',
    help: 'Share of the duration of a request that each subgraph on its critical path has caused; `router` is the share of the router itself, and `router_` that of a subgraph with this name.',
    labels: ['subgraph'],
  },
  errors: {
    name: 'tributary_errors_total',
    kind: 'counter',
    help: 'Responses that contain an error code, by code.',
    labels: ['code'],
  },
  degraded: {
    name: 'tributary_degraded_total',
    kind: 'counter',
    help: 'Partial responses, by service and by source of the replacement.',
    labels: ['subgraph', 'reason', 'source'],
  },
  graphRequests: {
    name: 'tributary_graph_requests_total',
    kind: 'counter',
    help: 'Client requests by graph; "all" is the whole supergraph. Only if `graphs` is set.',
    labels: ['graph'],
  },
  activeRequests: {
    name: 'http_server_active_requests',
    kind: 'gauge',
    help: 'Client requests in flight.',
    labels: NO_LABELS,
  },
  waitingRequests: {
    name: 'tributary_requests_waiting',
    kind: 'gauge',
    help: 'Client requests in flight that wait until earlier ones have begun.',
    labels: NO_LABELS,
  },
  connections: {
    name: 'tributary_client_connections',
    kind: 'gauge',
    help: 'Open connections of clients.',
    labels: NO_LABELS,
  },
  cutOff: {
    name: 'tributary_clients_cut_off_total',
    kind: 'counter',
    help: 'Connections closed because of their client, by reason.',
    labels: ['reason'],
  },
  shed: {
    name: 'tributary_requests_shed_total',
    kind: 'counter',
    help: 'Requests rejected because of overload.',
    labels: ['priority'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Metrics of the calls to subgraphs. */
const SUBGRAPH_METRICS = {
  calls: {
    name: 'http_client_request_duration_seconds',
    kind: 'histogram',
    help: 'Duration of calls to subgraphs in seconds. `outcome` is `OK` or the error code.',
    labels: ['subgraph', 'outcome'],
  },
  inFlight: {
    name: 'tributary_subgraph_in_flight',
    kind: 'gauge',
    help: 'Calls to a subgraph in flight.',
    labels: ['subgraph'],
  },
  subgraphConnections: {
    name: 'tributary_subgraph_connections',
    kind: 'gauge',
    help: 'Connections to a subgraph: with a call (`active`) and without (`idle`). `pending` is the number of calls that wait for one.',
    labels: ['subgraph', 'state'],
  },
  connectionWait: {
    name: 'tributary_subgraph_connection_wait_seconds',
    kind: 'histogram',
    help: 'Time that calls have waited for a connection to the subgraph in seconds.',
    labels: ['subgraph'],
  },
  retries: {
    name: 'tributary_subgraph_retries_total',
    kind: 'counter',
    help: 'Retries of calls to subgraphs.',
    labels: ['subgraph'],
  },
  ejections: {
    name: 'tributary_endpoint_ejections_total',
    kind: 'counter',
    help: 'Endpoints ejected from load balancing.',
    labels: ['subgraph'],
  },
  breakerOpen: {
    name: 'tributary_breaker_open',
    kind: 'gauge',
    help: 'Circuit breakers: 0 closed, 0.5 half-open, 1 open. `scope` is "subgraph" or the coordinate of a field.',
    labels: ['subgraph', 'scope'],
    aggregator: 'max',
  },
  breakerTransitions: {
    name: 'tributary_breaker_transitions_total',
    kind: 'counter',
    help: 'State changes of circuit breakers.',
    labels: ['subgraph', 'scope', 'to', 'forced'],
  },
  certificateExpiry: {
    name: 'tributary_certificate_expiry_timestamp_seconds',
    kind: 'gauge',
    help: 'Expiry of the first certificate to expire in a file of `traffic.…tls`, in seconds since 1970. `subgraph` is "all" for the files of all subgraphs.',
    labels: ['subgraph', 'file'],
    aggregator: 'min',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Metrics of rate limits, authentication and the other parts that admit or reject requests. */
const ADMISSION_METRICS = {
  rateLimit: {
    name: 'tributary_rate_limit_decisions_total',
    oldName: 'tributary_budget_decisions_total',
    kind: 'counter',
    help: 'Rate-limit decisions.',
    labels: ['decision', 'store'],
  },
  rateLimitCalls: {
    name: 'tributary_rate_limit_redis_calls_total',
    kind: 'counter',
    help: 'Script calls to Redis for rate limits. One call has the charges and refunds of several requests.',
    labels: NO_LABELS,
  },
  rateLimitRejections: {
    name: 'tributary_rate_limit_rejections_total',
    kind: 'counter',
    help: 'Requests rejected with RATE_LIMITED by tier of the caller: `anonymous` without a token, `default` for a user without a tier.',
    labels: ['tier'],
  },
  rejectionsByAddress: {
    name: 'tributary_rate_limit_rejections_by_address',
    kind: 'gauge',
    help: 'Requests rejected with RATE_LIMITED in the last minute from the ten addresses with most; IPv6 by /64.',
    labels: ['address'],
    top: 10,
  },
  reconciliations: {
    name: 'tributary_rate_limit_reconciliations_total',
    oldName: 'tributary_budget_settlements_total',
    kind: 'counter',
    help: 'Corrections of charged costs, by outcome.',
    labels: ['outcome'],
  },
  refunded: {
    name: 'tributary_rate_limit_refunded_points_total',
    oldName: 'tributary_budget_refunded_points_total',
    kind: 'counter',
    help: 'Points refunded because the actual cost was lower.',
    labels: NO_LABELS,
  },
  measured: {
    name: 'tributary_limits_measured_total',
    kind: 'counter',
    help: 'Operations that enforced rate limits would have rejected.',
    labels: ['code'],
  },
  authRejections: {
    name: 'tributary_authentication_rejections_total',
    oldName: 'tributary_authentication_refusals_total',
    kind: 'counter',
    help: 'Requests rejected because of their token.',
    labels: ['code'],
  },
  keyFetches: {
    name: 'tributary_issuer_key_fetches_total',
    kind: 'counter',
    help: 'Fetches of issuer keys, by outcome.',
    labels: ['outcome'],
  },
  redisUp: {
    name: 'tributary_redis_up',
    kind: 'gauge',
    help: 'Whether Redis is connected.',
    labels: ['client'],
    aggregator: 'min',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Metrics of operations and their preparation. */
const OPERATION_METRICS = {
  cacheLookups: {
    name: 'tributary_operation_cache_lookups_total',
    kind: 'counter',
    help: 'Lookups in the cache of prepared operations: `hit` or `miss`.',
    labels: ['outcome'],
  },
  cacheEntries: {
    name: 'tributary_operation_cache_entries',
    kind: 'gauge',
    help: 'Prepared operations in the cache of the active supergraph.',
    labels: NO_LABELS,
  },
  deduplicated: {
    name: 'tributary_deduplicated_total',
    kind: 'counter',
    help: 'Work that a request shared with another in flight instead of repeating it: a whole operation or a call.',
    labels: ['level'],
  },
  planning: {
    name: 'tributary_planning_duration_seconds',
    kind: 'histogram',
    help: 'Duration of planning a new operation in seconds.',
    labels: ['outcome'],
  },
  persisted: {
    name: 'tributary_persisted_operations_total',
    kind: 'counter',
    help: 'Operations requested by hash or id.',
    labels: ['outcome'],
  },
  unlisted: {
    name: 'tributary_unlisted_operations_total',
    kind: 'counter',
    help: 'New operations that are on no manifest.',
    labels: NO_LABELS,
  },
  deprecated: {
    name: 'tributary_deprecated_field_requests_total',
    kind: 'counter',
    help: 'Requests whose operation uses a deprecated field, for 100 coordinates; `other` for the rest.',
    labels: ['coordinate'],
  },
  usageRequests: {
    name: 'tributary_usage_requests_total',
    kind: 'counter',
    help: 'Recorded requests by outcome of their delivery: delivered, or rejected by the registry.',
    labels: ['outcome'],
  },
  usageFailures: {
    name: 'tributary_usage_delivery_failures_total',
    kind: 'counter',
    help: 'Failed attempts to deliver recorded operations; they are repeated.',
    labels: NO_LABELS,
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Metrics of the supergraph, the configuration and the process. */
const PROCESS_METRICS = {
  supergraphs: {
    name: 'tributary_supergraphs_total',
    kind: 'counter',
    help: 'Supergraphs loaded, by outcome.',
    labels: ['outcome'],
  },
  supergraphServing: {
    name: 'tributary_supergraph_serving',
    kind: 'gauge',
    help: 'Number of processes that serve this version of the supergraph.',
    labels: ['version'],
  },
  supergraphAge: {
    name: 'tributary_supergraph_age_seconds',
    kind: 'gauge',
    help: 'Seconds since the active supergraph was activated.',
    labels: NO_LABELS,
    aggregator: 'max',
  },
  supergraphSource: {
    name: 'tributary_supergraph_source',
    kind: 'gauge',
    help: 'Number of processes whose active supergraph came from this source; kind "stored" is the copy on disk.',
    labels: ['source', 'kind'],
  },
  supergraphSourceAge: {
    name: 'tributary_supergraph_source_age_seconds',
    kind: 'gauge',
    help: 'Seconds since this source last delivered a supergraph. It grows while the source is unavailable.',
    labels: ['source'],
    aggregator: 'max',
  },
  supergraphRejected: {
    name: 'tributary_supergraph_rejected',
    kind: 'gauge',
    help: 'Number of processes that rejected the newest supergraph, by its version and the code of the first reason.',
    labels: ['version', 'reason'],
  },
  registrySequence: {
    name: 'tributary_registry_sequence',
    kind: 'gauge',
    help: 'Sequence of the active release of the registry. Each change of a variant makes the next one.',
    labels: ['graph'],
    aggregator: 'max',
  },
  registryLaunch: {
    name: 'tributary_registry_launch',
    kind: 'gauge',
    help: 'Number of the active launch of the registry.',
    labels: ['graph'],
    aggregator: 'max',
  },
  registryReports: {
    name: 'tributary_registry_reports_total',
    kind: 'counter',
    help: 'Reports to the registry of what this router serves, by outcome.',
    labels: ['outcome'],
  },
  configurations: {
    name: 'tributary_configuration_changes_total',
    kind: 'counter',
    help: 'Changes of the configuration of a running router, by outcome: applied or rejected.',
    labels: ['outcome'],
  },
  droppedLines: {
    name: 'tributary_log_lines_dropped_total',
    kind: 'counter',
    help: 'Lines of the log that were not written, because stdout was not read or could not be written.',
    labels: NO_LABELS,
  },
  droppedSpans: {
    name: 'tributary_spans_dropped_total',
    kind: 'counter',
    help: 'Spans that did not reach the collector, by reason: "queue full" or "export failed".',
    labels: ['reason'],
  },
  eventLoopDelay: {
    name: 'tributary_event_loop_delay_seconds',
    kind: 'gauge',
    help: 'Delay of the event loop in the last 30 to 60 seconds, by quantile; of several workers the highest.',
    labels: ['quantile'],
    aggregator: 'max',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** All metrics of the router by topic, in the order of docs/metrics.md. */
export const METRIC_TOPICS = {
  'Client requests': REQUEST_METRICS,
  'Calls to subgraphs': SUBGRAPH_METRICS,
  'Limits and authentication': ADMISSION_METRICS,
  Operations: OPERATION_METRICS,
  'Supergraph and process': PROCESS_METRICS,
} as const;

/** All metrics of the router by the name that the code uses. */
export const METRICS = {
  ...REQUEST_METRICS,
  ...SUBGRAPH_METRICS,
  ...ADMISSION_METRICS,
  ...OPERATION_METRICS,
  ...PROCESS_METRICS,
} as const;
