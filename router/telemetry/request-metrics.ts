import type { Registry } from 'prom-client';
import { WHOLE_GRAPH } from '../config/supergraph-schema.ts';
import type { RequestRecorder } from '../request/request-recorder.ts';
import { addressBlock } from '../request/address-block.ts';
import { pathOf } from '../trace/critical-path.ts';
import { createCodeLabels, createFirstLabels } from './metrics/first-labels.ts';
import type { createMetrics } from './metrics.ts';
import { METRICS } from './metrics/definitions.ts';
import { RejectionsByAddress } from './metrics/rejections-by-address.ts';
import { readMetric, register } from './metrics/series.ts';
import { TopNames } from './metrics/top-names.ts';
import { outcomeOf } from './metrics/response-outcome.ts';
import type { RequestFinished } from '../request/finished-work.ts';

export type RequestMetricsParts = {
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly registry: Registry;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  /** True if the router serves several graphs, so that requests are also counted by graph. */
  readonly countsGraphs: boolean;
  /** True if this process is one of several, whose metrics are combined. */
  readonly inPool: boolean;
};

/** Updates the metrics of client requests. */
export type RequestMetrics = {
  readonly requestFinished: (event: RequestFinished) => void;
  /**
   * Makes the operation names of a manifest (list of permitted operations) label values. They replace the
   * names that the same file had before.
   */
  readonly operationsListed: (path: string, names: readonly string[]) => void;
};

const MAX_OPERATIONS = 100;
const MAX_CLIENTS = 50;
const MAX_DEPRECATED = 100;
const MAX_TIERS = 50;
const OTHER = 'other';
/**
 * Number of addresses with the most rejections that each worker process reports. The router's metric has only
 * the top ten of all processes together, but these may be missing in the top ten of a single process.
 */
const POOL_ADDRESSES = 100;
const UNIDENTIFIED = clientKey('unidentified', '');
const NO_FIELDS: readonly string[] = [];

/**
 * Creates the metrics of requests. A value that clients choose, such as an operation name, becomes a label
 * value only if it is frequent.
 */
export function createRequestMetrics(parts: RequestMetricsParts): RequestMetrics {
  const { metrics, now, countsGraphs } = parts;
  const knownCode = createCodeLabels();
  const deprecatedLabel = createFirstLabels(MAX_DEPRECATED, OTHER);
  const countRejection = createRejectionCount(parts);
  const operations = new TopNames({
    max: MAX_OPERATIONS,
    fixed: ['anonymous', 'none'],
    other: OTHER,
    now,
    onRemoved: (name) => metrics.operations.remove([name]),
  });
  const clients = new TopNames({
    max: MAX_CLIENTS,
    fixed: [UNIDENTIFIED],
    other: clientKey(OTHER, ''),
    now,
    onRemoved(key) {
      metrics.clients.remove(key.split('\n'));
      labelsByClient.delete(key);
    },
  });
  const labelsByClient = new Map<string, readonly string[]>();

  /**
   * Returns the labels for a client: its name and version if it is one of the most frequent clients,
   * otherwise `other`.
   */
  function clientLabels({ clientName, clientVersion }: RequestFinished): readonly string[] {
    const isNamed = clientName !== undefined || clientVersion !== undefined;
    const key = clients.label(
      isNamed ? clientKey(clientName ?? 'unidentified', clientVersion ?? '') : UNIDENTIFIED,
    );
    const known = labelsByClient.get(key);
    if (known !== undefined) return known;
    const labels = key.split('\n');
    labelsByClient.set(key, labels);
    return labels;
  }

  function countWork({ facts, joined, execution }: RequestRecorder): void {
    if (facts.isCached !== undefined) metrics.cacheLookups.inc([facts.isCached ? 'hit' : 'miss']);
    for (const coordinate of facts.deprecated ?? NO_FIELDS)
      metrics.deprecated.inc([deprecatedLabel(coordinate)]);
    if (joined !== undefined) metrics.deduplicated.inc(['operation']);
    else countCalls(execution);
  }

  function countCalls(execution: RequestRecorder['execution']): void {
    if (execution === undefined) return;
    for (const { joined } of execution.fetches) if (joined !== undefined) metrics.deduplicated.inc(['call']);
  }

  /**
   * Adds the time for which a response waited for each subgraph, and for the router itself, to the metrics.
   */
  function countShares(recorder: RequestRecorder): void {
    const traceId = traceOf(recorder);
    for (const { owner, us } of pathOf(recorder).shares)
      metrics.criticalPath.observe(us / 1_000_000, [owner], traceId);
  }

  return {
    requestFinished(event) {
      const { method, status, recorder } = event;
      const traceId = traceOf(recorder);
      const seconds = event.ms / 1_000;
      const outcome = outcomeOf(event);
      const type = event.operationType ?? recorder.facts.operationType ?? 'none';
      metrics.requests.observe(seconds, [methodLabel(method), String(status), type], traceId);
      metrics.responses.inc([outcome]);
      metrics.operations.observe(seconds, [operations.label(operationName(event)), outcome], traceId);
      metrics.clients.inc([...clientLabels(event), outcome]);
      if (countsGraphs) metrics.graphRequests.inc({ graph: event.graph ?? WHOLE_GRAPH });
      if (event.codes !== undefined)
        for (const code of new Set(event.codes)) metrics.errors.inc({ code: knownCode(code) });
      if (outcome === 'rejected') countRejection(event);
      countWork(recorder);
      if (recorder.execution !== undefined) countShares(recorder);
    },
    operationsListed: (path, names) => operations.list(path, names),
  };
}

/**
 * Creates the function that counts requests which exceed a rate limit. The metrics have one counter for each
 * rate limit tier (`rateLimit.tiers`) and one for each client address.
 */
function createRejectionCount({
  metrics,
  registry,
  now,
  inPool,
}: RequestMetricsParts): (event: RequestFinished) => void {
  const byAddress = new RejectionsByAddress(now);
  const tierLabel = createFirstLabels(MAX_TIERS, OTHER);
  const top = () => byAddress.top(inPool ? POOL_ADDRESSES : METRICS.rejectionsByAddress.top);
  register(
    registry,
    readMetric(METRICS.rejectionsByAddress, () =>
      top().map(([address, value]) => ({ labels: { address }, value })),
    ),
  );
  return ({ codes, clientIp, recorder: { facts } }) => {
    if (codes?.[0] !== 'RATE_LIMITED') return;
    const { identity } = facts;
    const tier = identity?.kind === 'user' ? (identity.tier ?? 'default') : 'anonymous';
    metrics.rateLimitRejections.inc([tierLabel(tier)]);
    if (clientIp !== undefined) byAddress.add(addressBlock(clientIp));
  };
}

/** Returns the trace id of a request for an exemplar; undefined if the trace is not exported. */
function traceOf({ span, facts }: RequestRecorder): string | undefined {
  return span.isSampled ? facts.traceId : undefined;
}

/**
 * Returns the label value for the operation of a request: its name, `anonymous` if it has none, or `none` if
 * no operation was found.
 */
function operationName({ operationName: name, operationType, recorder: { facts } }: RequestFinished): string {
  const known = name ?? facts.operationName;
  if (known !== undefined) return known;
  return (operationType ?? facts.operationType) === undefined ? 'none' : 'anonymous';
}

/** A line break separates name and version, because header values cannot contain line breaks. */
function clientKey(name: string, version: string): string {
  return `${name}\n${version}`;
}

/** HTTP methods that are label values. Clients can send any method, so all others share one value. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'POST',
  'OPTIONS',
  'HEAD',
  'PUT',
  'PATCH',
  'DELETE',
]);

/**
 * Returns the value of the label `http_request_method`. For unknown methods it is `_OTHER`, as
 * OpenTelemetry's semantic conventions define.
 */
function methodLabel(method: string): string {
  return KNOWN_METHODS.has(method) ? method : '_OTHER';
}
