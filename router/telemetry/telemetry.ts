import { SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, Span, SpanOptions, TracerProvider } from '@opentelemetry/api';
import type { DestinationStream } from 'pino';
import { Registry, collectDefaultMetrics } from 'prom-client';
import type { BreakerState } from './breaker-state.ts';
import type { Config } from '../config/config-schema.ts';
import type { ErrorCode } from '../shared/errors.ts';
import type { RequestSummary } from '../request/client-request.ts';
import { createCodeLabels, createMetrics } from './metrics.ts';
import { createLog } from './log.ts';
import { registerGauges } from './gauges.ts';
import type { GaugeSources } from './gauges.ts';

export type RequestFinished = RequestSummary & {
  readonly requestId: string;
  readonly correlationId?: string;
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

export type SpanDescription = SpanOptions & { readonly name: string };

export type Telemetry = ReturnType<typeof createTelemetry>;

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
  const tracer = parts.provider?.getTracer('tributary');

  return {
    log,

    /** Every metric, for the admin port. */
    metrics: registry,

    requestFinished(event: RequestFinished): void {
      metrics.requests.observe(event.ms / 1000, String(event.status), event.operationType ?? 'none');
      for (const code of new Set(event.codes)) metrics.errors.inc({ code: knownCode(code) });
      // There may be thousands a second, when there is no time for them.
      if (event.codes?.[0] !== 'OVERLOADED') log.info(event, 'request');
    },

    subgraphCalled({ subgraph, outcome, ms }: SubgraphCalled): void {
      metrics.calls.observe(ms / 1000, subgraph, outcome);
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
      log.warn(event, 'circuit breaker changed');
    },

    degraded(service: string, reason: string, source: string): void {
      metrics.degraded.inc({ subgraph: service, reason: knownCode(reason), source });
    },

    rateLimitDecided(decision: 'admitted' | 'refused', store: 'redis' | 'local' | 'none'): void {
      metrics.rateLimit.inc({ decision, store });
    },

    /** `points` given back once the answer was known, negative when more was taken. */
    rateLimitReconciled(points: number, outcome: 'done' | 'lost'): void {
      metrics.reconciliations.inc({ outcome });
      if (outcome === 'done' && points > 0) metrics.refunded.inc({}, points);
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

    supergraphServedDifferently(event: {
      readonly generation: string;
      readonly warnings: readonly string[];
    }): void {
      log.warn(event, 'supergraph is not served in every part as written');
    },

    /** `serving` is the version that stays active. A repeated rejection, such as that of each poll, is counted and not logged. */
    supergraphRefused(
      event: {
        readonly file: string;
        readonly reasons: readonly string[];
        readonly rejected: string | undefined;
        readonly serving: string | undefined;
      },
      isNew: boolean,
    ): void {
      metrics.supergraphs.inc({ outcome: 'refused' });
      const { serving = 'nothing: the router is not ready before there is a good one' } = event;
      if (isNew) log.error({ ...event, serving }, 'supergraph refused');
    },

    /** A supergraph was rejected before, and the source matches the active one again. */
    supergraphRestored(event: { readonly file: string; readonly generation: string }): void {
      log.info(event, 'supergraph source matches the serving supergraph again');
    },

    /** Reads gauges from the parts that know the values, whenever metrics are collected. */
    observe(sources: GaugeSources): void {
      registerGauges(registry, sources);
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
