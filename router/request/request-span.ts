import { ROOT_CONTEXT } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import type { HeaderBlock } from './call-headers.ts';

/** Ids of a trace span and of its trace. */
export type SpanIds = { readonly traceId: string; readonly spanId: string };

/** The trace and the trace span that a client request belongs to. */
export type RequestSpan = {
  /**
   * OpenTelemetry context for the subgraph calls. Its span is the router's span for the request or, if the
   * router creates none, the client's span.
   */
  readonly context: Context;
  /** Id of the trace; undefined if neither the client nor the router has started one. */
  readonly traceId: string | undefined;
  /** Id of the router's span for the request; undefined if the router creates none. */
  readonly spanId: string | undefined;
  /** Id of the client's span, from the trace headers of the request; undefined if the client sent none. */
  readonly parentSpanId: string | undefined;
  /** True if the client, or the sampling ratio of the router, decided to record the trace. */
  readonly isSampled: boolean;
  /** True if each subgraph call gets a span of its own. That is the case if the router exports spans. */
  readonly hasCallSpans: boolean;
  /**
   * Trace headers for all subgraph calls of the request that have no span of their own. The headers are
   * created for the first such call; undefined before that.
   */
  headers: HeaderBlock | undefined;
};

/** Value for a request that belongs to no trace. */
export const UNTRACED_REQUEST: RequestSpan = {
  context: ROOT_CONTEXT,
  traceId: undefined,
  spanId: undefined,
  parentSpanId: undefined,
  isSampled: false,
  hasCallSpans: false,
  headers: undefined,
};

/** Returns the ids of a request's trace and router span; undefined if the router does not export spans. */
export function recordedIds({ traceId, spanId, hasCallSpans }: RequestSpan): SpanIds | undefined {
  return hasCallSpans && traceId !== undefined && spanId !== undefined ? { traceId, spanId } : undefined;
}
