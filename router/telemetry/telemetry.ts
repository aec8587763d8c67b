import type { DestinationStream } from 'pino';
import { Registry, collectDefaultMetrics } from 'prom-client';
import type { BreakerState } from './breaker-state.ts';
import type { Config } from '../config/config-schema.ts';
import type { ErrorCode } from '../shared/errors.ts';
import type { RequestFinished, SubgraphCalled } from './finished-work.ts';
import { createMetrics } from './metrics.ts';
import { createCodeLabels } from './metrics/first-labels.ts';
import { createRequestMetrics } from './request-metrics.ts';
import { NO_TRACING } from './spans/tracing.ts';
import type { Tracing } from './spans/tracing.ts';
import { createLog } from './log.ts';
import { registerGauges } from './gauges.ts';
import type { GaugeSources } from './gauges.ts';
import { supergraphEvents } from './supergraph-events.ts';
import { usageEvents } from './usage-events.ts';

type ConfigurationChanged =
  | { readonly outcome: 'rejected'; readonly reasons: readonly string[] }
  | {
      readonly outcome: 'applied';
      /** Changed keys of the configuration that were applied, with their values. */
      readonly applied: readonly unknown[];
      /** Changed keys of the configuration that take effect only after a restart. */
      readonly restart: readonly string[];
    };

/** Log, metrics and spans of a router. */
export type Telemetry = ReturnType<typeof createTelemetry>;

/** Creates log, metrics and spans of a router, with one function per event. */
export function createTelemetry(
  config: Config['telemetry'],
  parts: {
    readonly destination?: DestinationStream | undefined;
    readonly tracing?: Tracing | undefined;
    /** True if the router serves several graphs, so that requests are also counted by graph. */
    readonly countsGraphs?: boolean;
    /** Returns milliseconds since 1970. */
    readonly now?: () => number;
  } = {},
) {
  const log = createLog(config, parts.destination);
  const registry = new Registry();
  const now = parts.now ?? Date.now;
  collectDefaultMetrics({ register: registry });
  const metrics = createMetrics(registry, { now });
  const knownCode = createCodeLabels();
  const requests = createRequestMetrics({
    metrics,
    registry,
    now,
    countsGraphs: parts.countsGraphs === true,
  });
  const { tracing = NO_TRACING } = parts;

  return {
    log,

    /** Registry of all metrics, for the admin port. */
    metrics: registry,

    /** Place of requests in traces, and the trace headers of subgraph calls. */
    tracing,

    requestFinished(event: RequestFinished): void {
      requests.requestFinished(event);
      // A request that was rejected because of overload is not logged, because there may be thousands per
      // second.
      if (event.codes?.[0] !== 'OVERLOADED') log.info({ ...event, recorder: undefined }, 'request');
      tracing.finished(event);
    },

    /** Logs that spans could not be sent to the collector. `failures` is the number of failures in a row. */
    spansLost(event: { readonly reason: string; readonly failures: number }): void {
      log.warn(event, 'spans could not be exported');
    },

    subgraphCalled({ subgraph, outcome, ms, connectionMs }: SubgraphCalled): void {
      metrics.calls.observe(ms / 1000, [subgraph, outcome]);
      if (connectionMs !== undefined) metrics.connectionWait.observe(connectionMs / 1000, [subgraph]);
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
      /** Coordinate of the field whose breaker changed; undefined for the breaker of the service. */
      readonly field?: string;
      readonly from: BreakerState;
      readonly to: BreakerState;
      /** True if an operator has forced the state through the admin API. */
      readonly forced: boolean;
    }): void {
      const { subgraph, field, to, forced } = event;
      const scope = field === undefined ? 'service' : 'field';
      metrics.breakerTransitions.inc({ subgraph, scope, to, forced: String(forced) });
      log[to === 'closed' ? 'info' : 'warn'](event, 'circuit breaker changed');
    },

    degraded(service: string, reason: string, source: string): void {
      metrics.degraded.inc({ subgraph: service, reason: knownCode(reason), source });
    },

    rateLimitDecided(decision: 'admitted' | 'rejected', store: 'redis' | 'local' | 'none'): void {
      metrics.rateLimit.inc({ decision, store });
    },

    /**
     * Records the correction of a charge: refunded points, or points charged in addition if the number is
     * negative.
     */
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
      log[event.overloaded ? 'warn' : 'info'](event, 'overload state changed');
    },

    /** Records an operation that mode `measure` has admitted and mode `enforce` would have rejected. */
    limitMeasured(code: ErrorCode): void {
      metrics.measured.inc({ code });
    },

    /**
     * Records a request that has a hash or id instead of a document. Its document was in a manifest
     * (`listed`), registered by an earlier request (`registered`), or unknown (`missed`).
     */
    persistedOperationAsked(outcome: 'listed' | 'registered' | 'missed'): void {
      metrics.persisted.inc({ outcome });
    },

    unlistedOperation(event: {
      readonly sha256: string;
      readonly client: string | undefined;
      readonly name: string | undefined;
    }): void {
      metrics.unlisted.inc();
      log.warn(event, 'operation is not in a manifest');
    },

    manifestLoaded({
      names,
      ...event
    }: {
      readonly path: string;
      readonly operations: number;
      readonly names: readonly string[];
    }): void {
      requests.operationsListed(event.path, names);
      log.info(event, 'manifest loaded');
    },

    manifestRejected(event: { readonly path: string; readonly reason: string }): void {
      log.error(event, 'manifest rejected, keeping the previous one');
    },

    withoutRedis(): void {
      log.warn(
        'REDIS_URL is not set: rate limits and revocations are kept in this process only and are lost when it ends',
      );
    },

    redisChanged(event: {
      readonly client: string;
      readonly state: 'ready' | 'lost';
      readonly reason?: string;
    }): void {
      metrics.redisUp.set({ client: event.client }, event.state === 'ready' ? 1 : 0);
      log[event.state === 'ready' ? 'info' : 'warn'](event, 'redis connection changed');
    },

    /**
     * Records an attempt to fetch the signing keys of a token issuer. `failures` is the number of consecutive
     * failures, including this one.
     */
    keysFetched(event: {
      readonly issuer: string;
      readonly outcome: 'ok' | 'failed';
      readonly failures: number;
      readonly reason?: string;
    }): void {
      const { outcome, issuer, failures } = event;
      metrics.keyFetches.inc({ outcome });
      if (outcome === 'ok' && failures > 0)
        log.info({ issuer, failures }, 'issuer keys fetched after failures');
      // Logs the first, second, fourth and eighth failure and so on, so that a long outage does not fill the
      // log.
      if (outcome === 'failed' && (failures & (failures - 1)) === 0)
        log.warn(event, 'issuer keys could not be fetched');
    },

    revocationsChanged(event: {
      readonly source: string;
      readonly state: 'ready' | 'lost';
      readonly reason?: string;
    }): void {
      log[event.state === 'ready' ? 'info' : 'warn'](event, 'state of a source of revoked tokens changed');
    },

    authenticationRejected(code: ErrorCode): void {
      metrics.authRejections.inc({ code });
    },

    planned(ms: number, outcome: 'planned' | 'rejected'): void {
      metrics.planning.observe({ outcome }, ms / 1000);
    },

    ...supergraphEvents({ log, metrics }),
    ...usageEvents({ log, metrics }),

    /** Counts an attempt to change the configuration, and logs it. */
    configurationChanged(event: ConfigurationChanged): void {
      metrics.configurations.inc({ outcome: event.outcome });
      const { outcome, ...fields } = event;
      if (outcome === 'rejected') log.error(fields, 'configuration rejected, keeping the previous one');
      else log[event.restart.length > 0 ? 'warn' : 'info'](fields, 'configuration reloaded');
    },

    setLogLevel(level: Config['telemetry']['logLevel']): void {
      log.level = level;
    },

    /** Registers gauges for the state of other parts. They are read when a client requests the metrics. */
    observe(sources: GaugeSources): void {
      registerGauges(registry, sources);
    },
  };
}
