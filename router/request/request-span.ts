import { ROOT_CONTEXT } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import type { HeaderBlock } from './call-headers.ts';

/** Ids of a span. */
export type SpanIds = { readonly traceId: string; readonly spanId: string };

/** Place of a client request in a trace. */
export type RequestSpan = {
  /** Context that is passed on to subgraphs: the span of the request or, if there is none, of the client. */
  readonly context: Context;
  /** Id of the trace; undefined if neither the client nor the router has started one. */
  readonly traceId: string | undefined;
  /** Id of the span of the request; undefined if the router has no span of its own. */
  readonly spanId: string | undefined;
  /** Id of the client's span. */
  readonly parentSpanId: string | undefined;
  /** True if the trace is sampled according to the client or the sampling ratio. */
  readonly isSampled: boolean;
  /** True if the calls of the request have spans of their own, because spans are exported. */
  readonly hasCallSpans: boolean;
  /** Trace headers of calls without a span of their own; undefined until the first one. */
  headers: HeaderBlock | undefined;
};

/** A request that belongs to no trace. */
export const UNTRACED_REQUEST: RequestSpan = {
  context: ROOT_CONTEXT,
  traceId: undefined,
  spanId: undefined,
  parentSpanId: undefined,
  isSampled: false,
  hasCallSpans: false,
  headers: undefined,
};

/** Returns the ids of the span of a request; undefined if it is not exported in any case. */
export function recordedIds({ traceId, spanId, hasCallSpans }: RequestSpan): SpanIds | undefined {
  return hasCallSpans && traceId !== undefined && spanId !== undefined ? { traceId, spanId } : undefined;
}
