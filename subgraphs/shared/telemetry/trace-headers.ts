import type { IncomingHttpHeaders } from 'node:http';
import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Context, TextMapPropagator } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';

/** Headers of each kind of trace, in the order of their precedence. */
const KINDS: readonly { readonly headers: readonly string[]; readonly propagator: TextMapPropagator }[] = [
  { headers: ['traceparent', 'tracestate'], propagator: new W3CTraceContextPropagator() },
  { headers: ['b3'], propagator: new B3Propagator() },
  {
    headers: ['traceid', 'spanid', 'parentspanid', 'sampled', 'flags'].map((name) => `x-b3-${name}`),
    propagator: new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
  },
];

/** The trace that a request belongs to. */
export type InboundTrace = {
  /** Context with the span of the caller. */
  readonly context: Context;
  /** Id of the trace; undefined if the request has no valid trace headers. */
  readonly traceId: string | undefined;
  /** The headers as they were received. */
  readonly headers: Readonly<Record<string, string>>;
  /** Returns the headers of a call that is made in a span, in the format of those that were received. */
  readonly headersOf: (context: Context) => Readonly<Record<string, string>>;
};

/** Reads W3C trace context or B3. Invalid headers are ignored. */
export function readTrace(headers: IncomingHttpHeaders): InboundTrace {
  for (const { headers: names, propagator } of KINDS) {
    const received = Object.fromEntries(names.flatMap((name) => textEntry(name, headers[name])));
    const context = propagator.extract(ROOT_CONTEXT, received, defaultTextMapGetter);
    const traceId = trace.getSpanContext(context)?.traceId;
    if (traceId !== undefined) return { context, traceId, headers: received, headersOf: writer(propagator) };
  }
  return UNTRACED;
}

function textEntry(name: string, value: string | readonly string[] | undefined): [string, string][] {
  return typeof value === 'string' && /^[\x20-\x7e]{1,2000}$/.test(value) ? [[name, value]] : [];
}

function writer(propagator: TextMapPropagator): InboundTrace['headersOf'] {
  return (context) => {
    const headers: Record<string, string> = {};
    propagator.inject(context, headers, defaultTextMapSetter);
    return headers;
  };
}

/** A request without trace headers. */
export const UNTRACED: InboundTrace = {
  context: ROOT_CONTEXT,
  traceId: undefined,
  headers: {},
  headersOf: writer(new W3CTraceContextPropagator()),
};
