import { TraceFlags } from '@opentelemetry/api';
import type { HrTime } from '@opentelemetry/api';
import type { Config } from '../../config/config-schema.ts';
import { withinFlushTime } from '../../shared/schedule.ts';
import type { Schedule } from '../../shared/schedule.ts';
import type { FinishedSpan } from './finished-span.ts';

export type SpanExporter = AsyncDisposable & {
  /**
   * Adds spans to the export queue. If the queue is full, because the collector is slow or down, the spans
   * are dropped.
   */
  readonly add: (spans: readonly FinishedSpan[]) => void;
  /** Returns how many spans did not reach the collector, by reason. */
  readonly dropped: () => DroppedSpans;
};

/** Numbers of spans that were not exported, by reason. */
export type DroppedSpans = { readonly 'queue full': number; readonly 'export failed': number };

type SpanExporterParts = {
  readonly schedule: Schedule;
  /** Called when exports fail: at the first, second, fourth, eighth failure in a row and so on. */
  readonly onFailure: (event: { readonly reason: string; readonly failures: number }) => void;
};

/** Returns the URL that spans are sent to; undefined if they are not exported. */
export function spansUrl({ otlpEnabled, otlpEndpoint, traces }: Config['telemetry']): string | undefined {
  if (!otlpEnabled || !traces.enabled) return undefined;
  if (traces.endpoint !== undefined || otlpEndpoint === undefined) return traces.endpoint;
  return new URL('v1/traces', otlpEndpoint.endsWith('/') ? otlpEndpoint : `${otlpEndpoint}/`).href;
}

/**
 * Creates the exporter that sends spans in batches by OTLP. The OpenTelemetry SDK is loaded only here,
 * because it costs memory and start-up time. The standard variables `OTEL_BSP_*` set the limits of the queue.
 */
export async function createSpanExporter(
  url: string,
  config: Config['telemetry'],
  { schedule, onFailure }: SpanExporterParts,
): Promise<SpanExporter> {
  const [{ getEnv }, { BatchSpanProcessor }, { OTLPTraceExporter }, { Resource }] = await Promise.all([
    import('@opentelemetry/core'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({
    url,
    headers: { ...config.otlpHeaders, ...config.traces.headers },
    timeoutMillis: config.traces.timeoutMs ?? config.otlpTimeoutMs,
  });
  const maxQueued = getEnv().OTEL_BSP_MAX_QUEUE_SIZE;
  const dropped = { 'queue full': 0, 'export failed': 0 };
  let queued = 0;
  let failures = 0;
  const processor = new BatchSpanProcessor({
    export(spans, done) {
      queued -= spans.length;
      exporter.export(spans, (result) => {
        failures = result.error === undefined ? 0 : failures + 1;
        if (result.error !== undefined) dropped['export failed'] += spans.length;
        // Failures are reported at the first, second, fourth, eighth time and so on, so that a long outage
        // does not fill the log.
        if (result.error !== undefined && (failures & (failures - 1)) === 0)
          onFailure({ reason: result.error.message, failures });
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  });
  const common = {
    resource: new Resource({ ...config.resourceAttributes, 'service.name': config.serviceName }),
    instrumentationLibrary: { name: 'tributary' },
    ended: true,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };

  // Adds a span to the queue of the SDK's batch processor. The processor would drop spans beyond its maximum
  // without counting them, so the same maximum is applied and counted here.
  function add(span: FinishedSpan): void {
    if (queued >= maxQueued) return void (dropped['queue full'] += 1);
    queued += 1;
    processor.onEnd({ ...readable(span), ...common });
  }

  return {
    add: (spans) => spans.forEach(add),
    dropped: () => dropped,
    [Symbol.asyncDispose]: () => withinFlushTime(processor.shutdown(), schedule),
  };
}

/** Returns a span in the form that the OpenTelemetry SDK exports. */
function readable({ traceId, spanId, start, end, events, ...span }: FinishedSpan) {
  // All spans are marked as sampled, because the processor would drop others. Spans of failed requests, for
  // example, are exported even if their trace is not sampled.
  const context = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  return {
    name: span.name,
    kind: span.kind,
    attributes: span.attributes,
    status: span.status,
    links: span.links,
    ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
    spanContext: () => context,
    startTime: hrTime(start),
    endTime: hrTime(end),
    duration: hrTime(end - start),
    events: events.map(({ name, at, attributes = {} }) => ({ name, time: hrTime(at), attributes })),
  };
}

/** Converts milliseconds to seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)];
}
