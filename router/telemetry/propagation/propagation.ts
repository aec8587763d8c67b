import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from '@opentelemetry/api';
import type { Config } from '../../config/config-schema.ts';
import { baggagePropagator } from './baggage.ts';
import { headerGetter, headerSetter } from './header-propagator.ts';
import type { HeaderPropagator, OutgoingHeaders } from './header-propagator.ts';
import { EMPTY_CONTEXT } from './layered-context.ts';
import { traceContextPropagator } from './trace-context.ts';

type PropagatorName = Config['telemetry']['traces']['propagators'][number];

/**
 * Reads the trace context from the headers of a client request, and writes the headers that pass it on to
 * subgraphs.
 */
export type Propagation = {
  /**
   * Reads the trace context of a request. If the headers have no valid trace, the returned context has no
   * span.
   */
  readonly read: (headers: IncomingHttpHeaders) => Context;
  readonly write: (context: Context) => OutgoingHeaders;
};

/**
 * Creates the propagation for the configured kinds of trace headers. If a request has valid headers of
 * several kinds, the kind that is last in the configuration applies.
 */
export async function createPropagation(names: readonly PropagatorName[]): Promise<Propagation> {
  const propagators = (await Promise.all(names.map(propagatorOf))).filter((one) => one !== undefined);
  return {
    read: (headers) =>
      propagators.reduce(
        (context, propagator) => propagator.extract(context, headers, headerGetter),
        EMPTY_CONTEXT,
      ),
    write(context) {
      const headers: OutgoingHeaders = {};
      for (const propagator of propagators) propagator.inject(context, headers, headerSetter);
      return headers;
    },
  };
}

// The propagator for B3 is loaded only if it is configured, because it costs memory and start-up time.
async function propagatorOf(name: PropagatorName): Promise<HeaderPropagator | undefined> {
  switch (name) {
    case 'tracecontext':
      return traceContextPropagator;
    case 'baggage':
      return baggagePropagator;
    case 'b3':
      return (await import('./b3.ts')).createB3Propagator('single');
    case 'b3multi':
      return (await import('./b3.ts')).createB3Propagator('multi');
    case 'none':
      return undefined;
  }
}
