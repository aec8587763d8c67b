import type { DestinationStream } from 'pino';
import { Registry, collectDefaultMetrics } from 'prom-client';
import type { BreakerState } from './breaker-state.ts';
import type { Config } from '../config/config-schema.ts';
import type { ConfigChange } from '../config/reload/merge-config.ts';
import type { ErrorCode } from '../shared/errors.ts';
import type { RecordedFacts } from '../request/request-recorder.ts';
import type { RequestFinished, SubgraphCalled } from '../request/finished-work.ts';
import { scheduleTimer } from '../shared/schedule.ts';
import type { Schedule } from '../shared/schedule.ts';
import { createMetrics } from './metrics.ts';
import { METRICS } from './metrics/definitions.ts';
import { createCodeLabels } from './metrics/first-labels.ts';
import { readMetric, register } from './metrics/series.ts';
import { createRequestMetrics } from './request-metrics.ts';
import { NO_TRACING } from './spans/tracing.ts';
import type { Tracing } from './spans/tracing.ts';
import { createLog } from './log.ts';
import { createAuditLog } from './log/audit-log.ts';
import { createRequestLog } from './log/request-log.ts';
import type { RequestLogEntry } from './log/request-line.ts';
import type { ConnectionRejection, Sampling } from './log/request-log.ts';
import { registerGauges } from './gauges.ts';
import type { GaugeSources } from './gauges.ts';
import { httpEntryOf, logEntryOf } from './log/request-entry.ts';
import { supergraphEvents } from './supergraph-events.ts';
import { usageEvents } from './usage-events.ts';

type ConfigurationChanged =
  | { readonly outcome: 'rejected'; readonly reasons: readonly string[] }
  | {
      readonly outcome: 'applied';
      /** Changed keys of the configuration that were applied, with their values. */
      readonly applied: readonly ConfigChange[];
      /** Changed keys of the configuration that take effect only after a restart. */
      readonly restart: readonly string[];
    };

/** The log, metrics and spans of a router, with a method for each event that they record. */
export type Telemetry = ReturnType<typeof createTelemetry>;

/** Creates the log, metrics and spans of a router. */
export function createTelemetry(
  config: Config['telemetry'],
  parts: {
    readonly destination?: DestinationStream | undefined;
    readonly tracing?: Tracing | undefined;
    /** True if the router serves several graphs, so that requests are also counted by graph. */
    readonly countsGraphs?: boolean;
    readonly schedule?: Schedule;
    /** Runs an action after the response to the client was sent. */
    readonly later?: (action: () => void) => void;
    /** True if this process is one of several, whose metrics are combined. */
    readonly inPool?: boolean;
    /** Returns milliseconds since 1970. */
    readonly now?: () => number;
  } = {},
) {
  const { schedule = scheduleTimer, now = Date.now, later = setImmediate } = parts;
  const routerLog = createLog(config, parts.destination, { schedule, later });
  const { log, logs } = routerLog;
  const requestLog = createRequestLog(logs, { ...routerLog, serviceName: config.serviceName, schedule, now });
  const audit = createAuditLog(logs.audit, {
    log,
    schedule,
    openFile: (output) =>
      createLog({ ...config, logLevel: 'info', logFormat: 'json' }, output, { schedule, later }).log,
  });
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = createMetrics(registry, { now });
  const knownCode = createCodeLabels();
  const requests = createRequestMetrics({
    metrics,
    registry,
    now,
    countsGraphs: parts.countsGraphs === true,
    inPool: parts.inPool === true,
  });
  register(
    registry,
    readMetric(METRICS.droppedLines, () => [{ labels: {}, value: routerLog.dropped() }]),
  );
  const { tracing = NO_TRACING } = parts;
  register(
    registry,
    readMetric(METRICS.droppedSpans, () =>
      Object.entries(tracing.droppedSpans()).map(([reason, value]) => ({ labels: { reason }, value })),
    ),
  );

  return {
    log,

    /** Registry of all metrics, which the admin port serves. */
    metrics: registry,

    /** Creates the spans of requests, and the trace headers of subgraph calls. */
    tracing,

    requestFinished(event: RequestFinished): void {
      requests.requestFinished(event);
      tracing.finished(event);
      // The log line is written one turn of the event loop later, because the operation's actual cost is
      // computed only after the response was sent.
      if (requestLog.isEnabled()) later(() => requestLog.write(logEntryOf(event)));
    },

    /**
     * Logs a finished HTTP request that is not for GraphQL, such as a health check or a request with an
     * unknown path.
     */
    otherFinished(
      facts: Partial<RecordedFacts>,
      { sampling, ...event }: RequestLogEntry & { readonly sampling: Sampling },
    ): void {
      if (requestLog.isEnabled()) requestLog.write({ ...httpEntryOf(facts), ...event }, sampling);
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
      /**
       * Coordinate (`Type.field`) of the field whose breaker changed; undefined for the breaker of the whole
       * subgraph.
       */
      readonly field?: string;
      readonly from: BreakerState;
      readonly to: BreakerState;
      /** True if an operator has forced the state of the breaker through the admin API. */
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
      metrics.rateLimit.inc([decision, store]);
    },

    /** Counts a call of the Lua script that updates rate-limit buckets in Redis. */
    rateLimitScriptCalled(): void {
      metrics.rateLimitCalls.inc();
    },

    /**
     * Counts the correction of a rate-limit charge after the actual cost is known. `points` were refunded; a
     * negative number was charged in addition.
     */
    rateLimitReconciled(points: number, outcome: 'done' | 'lost'): void {
      metrics.reconciliations.inc([outcome]);
      if (outcome === 'done' && points > 0) metrics.refunded.inc([], points);
    },

    /**
     * Records a connection that the router has closed, or whose request it has rejected before reading it.
     * @param address remote address of the connection
     * @param hasRequest true if the rejected request has its own log line
     */
    connectionRejected(
      reason: ConnectionRejection,
      address: string | undefined,
      hasRequest: boolean = false,
    ): void {
      metrics.cutOff.inc({ reason });
      if (!hasRequest) requestLog.connectionRejected(reason, address);
    },

    requestShed(priority: string): void {
      metrics.shed.inc({ priority });
    },

    overloadChanged(event: {
      readonly overloaded: boolean;
      readonly limit: number;
      readonly delayMs: number;
      readonly queueMs: number;
      readonly busy: number;
      readonly heap: number;
    }): void {
      log[event.overloaded ? 'warn' : 'info'](event, 'overload state changed');
    },

    /**
     * Counts an operation that exceeds a cost or rate limit but was admitted, because the configuration says
     * that limits are only measured (`measure`) and not enforced (`enforce`).
     */
    limitMeasured(code: ErrorCode): void {
      metrics.measured.inc({ code });
    },

    /**
     * Records a request with a hash or id instead of a document. The document was listed in a manifest
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
      metrics.authRejections.inc([code]);
    },

    planned(ms: number, outcome: 'planned' | 'rejected'): void {
      metrics.planning.observe({ outcome }, ms / 1000);
    },

    ...supergraphEvents({ log, metrics }),
    ...usageEvents({ log, metrics }),

    /** Counts and logs an attempt to change the configuration of the running router. */
    configurationChanged(event: ConfigurationChanged): void {
      metrics.configurations.inc({ outcome: event.outcome });
      const { outcome, ...fields } = event;
      if (outcome === 'rejected') log.error(fields, 'configuration rejected, keeping the previous one');
      else log[event.restart.length > 0 ? 'warn' : 'info'](fields, 'configuration reloaded');
    },

    setLogLevel(level: Config['telemetry']['logLevel']): void {
      log.level = level;
    },

    /** Writes a line to the audit log about a rejected request. */
    audit: audit.write,

    /** Logger that writes commands of operators to the audit log. */
    auditLog: audit.log,

    /** Opens the file of the audit log again, after a program has renamed it to rotate it. */
    reopenAuditFile: audit.reopen,

    /**
     * Logs how many log lines were suppressed since the last such report, and closes the file of the audit
     * log.
     */
    [Symbol.dispose](): void {
      requestLog[Symbol.dispose]();
      audit[Symbol.dispose]();
      routerLog[Symbol.dispose]();
    },

    /**
     * Registers gauges that read the state of other parts of the router whenever a client requests the
     * metrics.
     */
    observe(sources: GaugeSources): void {
      registerGauges(registry, sources);
    },
  };
}
