import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, Span, SpanOptions, TracerProvider } from '@opentelemetry/api';
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Config } from './config/config-schema.ts';
import { isErrorCode } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import type { RequestSummary } from './ingress/client-request.ts';

export type RequestFinished = RequestSummary & {
  readonly requestId: string;
  readonly method: string;
  readonly status: number;
  readonly ms: number;
  readonly bytes: number;
};

export type SubgraphCalled = {
  readonly subgraph: string;
  /** `OK`, or the code of the failure. */
  readonly outcome: 'OK' | ErrorCode;
  readonly ms: number;
};

export type BreakerState = 'closed' | 'open' | 'half-open';

export type SpanDescription = SpanOptions & { readonly name: string };

export type Telemetry = ReturnType<typeof createTelemetry>;

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Log, metrics and spans of one router: one function per event, called from the edges. */
export function createTelemetry(
  config: Config['telemetry'],
  parts: { destination?: DestinationStream | undefined; provider?: TracerProvider | undefined } = {},
) {
  const log = createLog(config, parts.destination);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = createMetrics(registry);
  const knownCode = createCodeLabels();
  const observeRequest = observer(metrics.requests, ['status', 'operation']);
  const observeCall = observer(metrics.calls, ['subgraph', 'outcome']);
  const tracer = parts.provider?.getTracer('tributary');

  return {
    log,

    /** Every metric, for the admin port. */
    metrics: registry,

    requestFinished(event: RequestFinished): void {
      observeRequest(event.ms / 1000, String(event.status), event.operationType ?? 'none');
      for (const code of new Set(event.codes)) metrics.errors.inc({ code: knownCode(code) });
      // There may be thousands a second, when there is no time for them.
      if (event.codes?.[0] !== 'OVERLOADED') log.info(event, 'request');
    },

    subgraphCalled({ subgraph, outcome, ms }: SubgraphCalled): void {
      observeCall(ms / 1000, subgraph, outcome);
    },

    subgraphRetried(subgraph: string): void {
      metrics.retries.inc({ subgraph });
    },

    endpointEjected(event: {
      readonly subgraph: string;
      readonly url: string;
      readonly forMs: number;
    }): void {
      metrics.ejections.inc({ subgraph: event.subgraph });
      log.warn(event, 'endpoint ejected');
    },

    breakerChanged(event: {
      readonly subgraph: string;
      /** Set for the breaker of a field. */
      readonly field?: string;
      readonly from: BreakerState;
      readonly to: BreakerState;
      /** By hand. */
      readonly forced: boolean;
    }): void {
      const { subgraph, field, to, forced } = event;
      const scope = field === undefined ? 'service' : 'field';
      metrics.breakerTransitions.inc({ subgraph, scope, to, forced: String(forced) });
      if (field === undefined) metrics.breakerOpen.set({ subgraph }, to === 'closed' ? 0 : 1);
      log.warn(event, 'circuit breaker changed');
    },

    degraded(service: string, reason: string, source: string): void {
      metrics.degraded.inc({ subgraph: service, reason: knownCode(reason), source });
    },

    budgetDecided(decision: 'admitted' | 'refused', store: 'redis' | 'local' | 'none'): void {
      metrics.budget.inc({ decision, store });
    },

    /** `points` given back once the answer was known, negative when more was taken. */
    budgetSettled(points: number, outcome: 'done' | 'lost'): void {
      metrics.settlements.inc({ outcome });
      if (outcome === 'done' && points > 0) metrics.refunded.inc(points);
    },

    clientCutOff(reason: 'slow request' | 'slow reader' | 'too many connections'): void {
      metrics.cutOff.inc({ reason });
    },

    requestShed(priority: string): void {
      metrics.shed.inc({ priority });
    },

    overloadChanged(event: {
      readonly overloaded: boolean;
      readonly limit: number;
      readonly delayMs: number;
      readonly busy: number;
      readonly heap: number;
    }): void {
      log.warn(event, 'overload changed');
    },

    /** What would have been refused, were limits not only measured. */
    limitMeasured(code: ErrorCode): void {
      metrics.measured.inc({ code });
    },

    limitedFieldUnknown(coordinate: string): void {
      log.warn({ coordinate }, 'rateLimit.fields names a field that the supergraph does not have');
    },

    degradationUnfit(event: { readonly coordinate: string; readonly reason: string }): void {
      log.warn(event, 'a setting of degradation does not fit the supergraph and is left out');
    },

    /** A client asked by hash or id; the document was in a manifest, registered, or not to be had. */
    persistedOperationAsked(outcome: 'listed' | 'registered' | 'missed'): void {
      metrics.persisted.inc({ outcome });
    },

    unlistedOperation(event: {
      readonly sha256: string;
      readonly client: string | undefined;
      readonly name: string | undefined;
    }): void {
      metrics.unlisted.inc();
      log.warn(event, 'operation is on no manifest');
    },

    manifestLoaded(event: { readonly path: string; readonly operations: number }): void {
      log.info(event, 'manifest loaded');
    },

    manifestRefused(event: { readonly path: string; readonly reason: string }): void {
      log.error(event, 'manifest refused, the one before goes on serving');
    },

    withoutRedis(): void {
      log.warn("REDIS_URL is not set: budgets and revocations are this process's own and are lost with it");
    },

    redisChanged(event: {
      readonly client: string;
      readonly state: 'ready' | 'lost';
      readonly reason?: string;
    }): void {
      metrics.redisUp.set({ client: event.client }, event.state === 'ready' ? 1 : 0);
      log.warn(event, 'redis connection changed');
    },

    /** `failures` in a row, up to this one. */
    keysFetched(event: {
      readonly issuer: string;
      readonly outcome: 'ok' | 'failed';
      readonly failures: number;
      readonly reason?: string;
    }): void {
      const { outcome, issuer, failures } = event;
      metrics.keyFetches.inc({ outcome });
      if (outcome === 'ok' && failures > 0) log.warn({ issuer, failures }, 'issuer keys fetched again');
      // The first, the second, the fourth, the eighth: an outage of hours must not fill the log.
      if (outcome === 'failed' && (failures & (failures - 1)) === 0)
        log.warn(event, 'issuer keys not fetched');
    },

    revocationsChanged(event: {
      readonly source: string;
      readonly state: 'ready' | 'lost';
      readonly reason?: string;
    }): void {
      log.warn(event, 'source of revoked tokens changed');
    },

    authenticationRefused(code: ErrorCode): void {
      metrics.authRefusals.inc({ code });
    },

    planned(ms: number, outcome: 'planned' | 'refused'): void {
      metrics.planning.observe({ outcome }, ms / 1000);
    },

    supergraphSwapped(event: { readonly generation: string; readonly ms: number }): void {
      metrics.supergraphs.inc({ outcome: 'served' });
      log.info(event, 'supergraph serves');
    },

    /** `serving` is the generation that goes on. */
    supergraphRefused(event: {
      readonly file: string;
      readonly reasons: readonly string[];
      readonly serving: string | undefined;
    }): void {
      metrics.supergraphs.inc({ outcome: 'refused' });
      const { serving = 'nothing: the router is not ready before there is a good one' } = event;
      log.error({ ...event, serving }, 'supergraph refused');
    },

    /**
     * Runs `body` in a span; its rejection marks the span and is thrown on.
     * Without an exporter there are no spans: the parent is passed on as it is.
     */
    traced<T>(span: SpanDescription, parent: Context, body: (context: Context) => Promise<T>): Promise<T> {
      return tracer === undefined
        ? body(parent)
        : inSpan(tracer.startSpan(span.name, span, parent), parent, body);
    },

    /** The span context of a W3C `traceparent` header as a parent for spans. */
    parentContext: (traceparent: string | undefined): Context =>
      parseTraceparent(traceparent) ?? ROOT_CONTEXT,

    /** The `traceparent` to send downstream for a span's context. */
    traceparentOf(context: Context): string | undefined {
      const span = trace.getSpanContext(context);
      if (span === undefined) return undefined;
      return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
    },
  };
}

async function inSpan<T>(span: Span, parent: Context, body: (context: Context) => Promise<T>): Promise<T> {
  try {
    return await body(trace.setSpan(parent, span));
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

const TRACEPARENT = /^[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})$/;

function parseTraceparent(header: string | undefined): Context | undefined {
  const match = header === undefined ? null : TRACEPARENT.exec(header);
  const [, traceId, spanId, flags] = match ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
}

const MAX_FOREIGN_CODES = 50;

/** Labels stay few-valued: a subgraph may name any code it likes, and as many. */
function createCodeLabels(): (code: string) => string {
  const foreign = new Set<string>();
  return (code) => {
    if (isErrorCode(code) || foreign.has(code)) return code;
    if (foreign.size >= MAX_FOREIGN_CODES || !/^[A-Z][A-Z_]{2,40}$/.test(code)) return 'OTHER';
    foreign.add(code);
    return code;
  };
}

function createLog(config: Config['telemetry'], destination: DestinationStream | undefined): Logger {
  const options = {
    level: config.logLevel,
    base: { service: config.serviceName },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Observes into a histogram of two labels; the child of each pair of values is looked up only once. */
function observer<Label extends string>(
  histogram: Histogram<Label>,
  [first, second]: readonly [Label, Label],
) {
  const children = new Map<string, Histogram.Internal<Label>>();
  return (value: number, one: string, other: string): void => {
    const key = `${one} ${other}`;
    let child = children.get(key);
    if (child === undefined) {
      // One by one: an object of computed keys would lose the type of its names.
      const labels: Partial<Record<Label, string>> = {};
      labels[first] = one;
      labels[second] = other;
      child = histogram.labels(labels);
      children.set(key, child);
    }
    child.observe(value);
  };
}

function createMetrics(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, labelNames: string[]) =>
    new Histogram({ name, help, labelNames, buckets: SECONDS, registers });
  return {
    requests: histogram('http_server_request_duration_seconds', 'Time to answer a request.', [
      'status',
      'operation',
    ]),
    errors: counter('tributary_errors_total', 'Errors in answers, by code.', ['code']),
    calls: histogram('http_client_request_duration_seconds', 'Time of calls to subgraphs.', [
      'subgraph',
      'outcome',
    ]),
    retries: counter('tributary_subgraph_retries_total', 'Calls sent a second time.', ['subgraph']),
    ejections: counter('tributary_endpoint_ejections_total', 'Addresses taken out of rotation.', [
      'subgraph',
    ]),
    breakerOpen: gauge('tributary_breaker_open', 'Whether the breaker holds calls back.', ['subgraph']),
    breakerTransitions: counter('tributary_breaker_transitions_total', 'Breaker changes.', [
      'subgraph',
      'scope',
      'to',
      'forced',
    ]),
    degraded: counter('tributary_degraded_total', 'Answers that lack a service, by what stands in.', [
      'subgraph',
      'reason',
      'source',
    ]),
    budget: counter('tributary_budget_decisions_total', 'Rate-limit decisions.', ['decision', 'store']),
    settlements: counter('tributary_budget_settlements_total', 'Corrections of charged costs.', ['outcome']),
    refunded: counter(
      'tributary_budget_refunded_points_total',
      'Points given back for what was not delivered.',
      [],
    ),
    cutOff: counter('tributary_clients_cut_off_total', 'Connections closed for their client.', ['reason']),
    shed: counter('tributary_requests_shed_total', 'Requests refused for overload.', ['priority']),
    measured: counter('tributary_limits_measured_total', 'Operations that limits would have refused.', [
      'code',
    ]),
    persisted: counter('tributary_persisted_operations_total', 'Operations asked for by hash or id.', [
      'outcome',
    ]),
    unlisted: counter(
      'tributary_unlisted_operations_total',
      'Operations seen first that no manifest has.',
      [],
    ),
    redisUp: gauge('tributary_redis_up', 'Whether Redis is connected.', ['client']),
    keyFetches: counter('tributary_issuer_key_fetches_total', 'Fetches of issuer keys.', ['outcome']),
    authRefusals: counter('tributary_authentication_refusals_total', 'Requests refused for their token.', [
      'code',
    ]),
    planning: histogram('tributary_planning_duration_seconds', 'Time to plan an unseen operation.', [
      'outcome',
    ]),
    supergraphs: counter('tributary_supergraphs_total', 'Supergraphs published.', ['outcome']),
  };
}
