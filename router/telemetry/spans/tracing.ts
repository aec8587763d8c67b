import type { IncomingHttpHeaders } from 'node:http';
import { TraceFlags, trace } from '@opentelemetry/api';
import type { Context, SpanContext } from '@opentelemetry/api';
import type { Config } from '../../config/config-schema.ts';
import { HeaderBlock, NO_HEADERS } from '../../request/call-headers.ts';
import type { FetchRecord } from '../../request/fetch-record.ts';
import { UNTRACED_REQUEST } from '../../request/request-span.ts';
import type { RequestSpan } from '../../request/request-span.ts';
import type { Schedule } from '../../shared/schedule.ts';
import { samplingHintOf } from '../propagation/header-propagator.ts';
import { createPropagation } from '../propagation/propagation.ts';
import { spansOf } from './request-spans.ts';
import type { SpanSource } from './span-source.ts';
import { isKept, isSampled } from './sampling.ts';
import { createSpanExporter, spansUrl } from './span-exporter.ts';
import type { DroppedSpans } from './span-exporter.ts';
import { createSpanIds } from './span-ids.ts';
import { createWallTime } from './wall-time.ts';

/** Reads the trace context of client requests, passes it on to subgraphs, and exports spans. */
export type Tracing = AsyncDisposable & {
  /**
   * Begins the span of a request. Log lines and subgraph calls need the span's ids before the request ends.
   */
  readonly begin: (headers: IncomingHttpHeaders) => RequestSpan;
  /**
   * Returns the trace headers of a subgraph call, and stores the ids of the call's span in the record of the
   * fetch.
   */
  readonly callHeaders: (span: RequestSpan, record: FetchRecord | undefined) => HeaderBlock;
  /**
   * Exports the spans of a finished request if its trace is sampled, or if the request was slow or failed.
   */
  readonly finished: (source: SpanSource) => void;
  /** Returns how many spans did not reach the collector, by reason. */
  readonly droppedSpans: () => DroppedSpans;
};

export type TracingParts = {
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly randomBytes: (size: number) => Buffer;
  readonly schedule: Schedule;
  /**
   * Called when spans could not be exported: at the first, second, fourth, eighth failure in a row and so on.
   */
  readonly onExportFailed: (event: { readonly reason: string; readonly failures: number }) => void;
};

/**
 * Starts the tracing of a router. Spans are created after the response, from the recorded times of the
 * request, and only if they are exported. For all other requests, at most ids are generated.
 */
export async function startTracing(config: Config['telemetry'], parts: TracingParts): Promise<Tracing> {
  const { otlpEnabled, traces } = config;
  const url = spansUrl(config);
  const propagation = await createPropagation(traces.propagators);
  const exporter =
    url === undefined
      ? undefined
      : await createSpanExporter(url, config, { ...parts, onFailure: parts.onExportFailed });
  const ids = createSpanIds(parts.randomBytes);
  const measureWallTime = createWallTime(parts);

  function begin(headers: IncomingHttpHeaders): RequestSpan {
    const received = propagation.read(headers);
    const parent = trace.getSpanContext(received);
    const hint = samplingHintOf(received);
    // If the router exports no spans, it passes the client's trace headers on to subgraphs unchanged.
    const isPassedOn =
      exporter === undefined && (!otlpEnabled || (parent !== undefined && hint === undefined));
    if (isPassedOn) return passedOn(received, parent);
    const traceId = parent?.traceId ?? ids.traceId();
    const spanId = exporter === undefined ? (parent?.spanId ?? ids.spanId()) : ids.spanId();
    const sampled = isSampled({ traceId, parent, hint }, traces.sampling);
    const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
    return {
      headers: undefined,
      context: trace.setSpanContext(received, { ...parent, traceId, spanId, traceFlags, isRemote: false }),
      traceId,
      spanId,
      parentSpanId: parent?.spanId,
      isSampled: sampled,
      hasCallSpans: exporter !== undefined,
    };
  }

  function callHeaders(span: RequestSpan, record: FetchRecord | undefined): HeaderBlock {
    const own = trace.getSpanContext(span.context);
    if (!span.hasCallSpans || record === undefined || own === undefined) return requestHeaders(span);
    const call = ((record.whole ?? record).span ??= { traceId: own.traceId, spanId: ids.spanId() });
    return new HeaderBlock(
      propagation.write(trace.setSpanContext(span.context, { ...own, spanId: call.spanId })),
    );
  }

  function requestHeaders(span: RequestSpan): HeaderBlock {
    return (span.headers ??= new HeaderBlock(propagation.write(span.context)));
  }

  return {
    begin,
    callHeaders,
    finished(source) {
      const { span } = source.recorder;
      // Requests that were rejected because of overload have no spans, because there may be thousands per
      // second.
      if (exporter === undefined || source.codes?.[0] === 'OVERLOADED') return;
      if (!span.isSampled && !isKept(source, traces.sampling)) return;
      exporter.add(spansOf(source, { newSpanId: ids.spanId, wallTime: measureWallTime() }));
    },
    droppedSpans: () => exporter?.dropped() ?? NO_DROPPED_SPANS,
    [Symbol.asyncDispose]: async () => exporter?.[Symbol.asyncDispose](),
  };
}

function passedOn(context: Context, parent: SpanContext | undefined): RequestSpan {
  return {
    headers: undefined,
    context,
    traceId: parent?.traceId,
    spanId: undefined,
    parentSpanId: undefined,
    isSampled: parent !== undefined && (parent.traceFlags & TraceFlags.SAMPLED) !== 0,
    hasCallSpans: false,
  };
}

const NO_DROPPED_SPANS: DroppedSpans = { 'queue full': 0, 'export failed': 0 };

/** Tracing for a process that handles no requests: it reads, passes on and exports nothing. */
export const NO_TRACING: Tracing = {
  begin: () => UNTRACED_REQUEST,
  callHeaders: () => NO_HEADERS,
  finished: () => undefined,
  droppedSpans: () => NO_DROPPED_SPANS,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
