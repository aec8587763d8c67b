import type { IncomingHttpHeaders } from 'node:http';
import { createContextKey } from '@opentelemetry/api';
import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from '@opentelemetry/api';

/** Headers of a call to a subgraph, by lower-case name. */
export type OutgoingHeaders = Record<string, string>;

/** A propagator that reads the headers of a client request and writes those of a call to a subgraph. */
export type HeaderPropagator = TextMapPropagator<IncomingHttpHeaders | OutgoingHeaders>;

/** Reads a header of a client request. */
export const headerGetter: TextMapGetter<IncomingHttpHeaders | OutgoingHeaders> = {
  get: (headers, name) => headers[name],
  keys: (headers) => Object.keys(headers),
};

/** Writes a header of a call to a subgraph. */
export const headerSetter: TextMapSetter<IncomingHttpHeaders | OutgoingHeaders> = {
  set: (headers, name, value) => void (headers[name] = value),
};

/**
 * Context key of a sampling state that OpenTelemetry's span context cannot express: `deferred` if the client
 * leaves the decision to the router, `sampled` or `unsampled` if it has decided without sending a trace id.
 * Only B3 headers have these states.
 */
export const SAMPLING_HINT = createContextKey('tributary sampling hint');

export type SamplingHint = 'deferred' | 'sampled' | 'unsampled';

/** Returns the sampling hint that B3 headers have left in a context; undefined if there is none. */
export function samplingHintOf(context: Context): SamplingHint | undefined {
  const hint = context.getValue(SAMPLING_HINT);
  return hint === 'deferred' || hint === 'sampled' || hint === 'unsampled' ? hint : undefined;
}
