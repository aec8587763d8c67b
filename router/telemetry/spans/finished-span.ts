import type { Attributes, Link, SpanKind, SpanStatus } from '@opentelemetry/api';

/** A finished span. Its times are milliseconds since 1970. */
export type FinishedSpan = {
  readonly name: string;
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly start: number;
  readonly end: number;
  readonly attributes: Attributes;
  readonly status: SpanStatus;
  readonly links: Link[];
  readonly events: readonly SpanEvent[];
};

export type SpanEvent = { readonly name: string; readonly at: number; readonly attributes?: Attributes };
