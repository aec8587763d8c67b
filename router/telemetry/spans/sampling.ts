import { TraceFlags } from '@opentelemetry/api';
import type { SpanContext } from '@opentelemetry/api';
import type { Config } from '../../config/config-schema.ts';
import { ERRORS, isErrorCode } from '../../shared/errors.ts';
import type { SamplingHint } from '../propagation/header-propagator.ts';

type Sampling = Config['telemetry']['traces']['sampling'];

/**
 * Returns whether a new trace is sampled. This is decided at the start of a request, before anything else is
 * known about it.
 */
export function isSampled(
  trace: {
    readonly traceId: string;
    readonly parent: SpanContext | undefined;
    readonly hint: SamplingHint | undefined;
  },
  { parentBased, ratio }: Sampling,
): boolean {
  const { traceId, parent, hint } = trace;
  if (parentBased && hint !== 'deferred') {
    if (parent !== undefined) return (parent.traceFlags & TraceFlags.SAMPLED) !== 0;
    if (hint !== undefined) return hint === 'sampled';
  }
  return isWithin(traceId, ratio);
}

/**
 * Returns whether a trace id belongs to the sampled share. Like OpenTelemetry for Go, this uses the upper
 * bits of the id's last 64 bits as a number, so that services with the same ratio sample the same traces.
 */
function isWithin(traceId: string, ratio: number): boolean {
  if (ratio >= 1) return true;
  return Number.parseInt(traceId.slice(16, 29), 16) / 2 ** 52 < ratio;
}

/**
 * Facts about a finished request that decide whether its spans are exported even if its trace is not sampled.
 */
export type FinishedFacts = {
  readonly ms: number;
  readonly status: number;
  readonly codes?: readonly string[] | undefined;
  readonly degraded?: readonly string[] | undefined;
};

/** Returns whether the spans of a request are exported even if its trace is not sampled. */
export function isKept(facts: FinishedFacts, { keep, slowMs }: Sampling): boolean {
  const { ms, degraded = [] } = facts;
  return keep.some((reason) => {
    switch (reason) {
      case 'slow':
        return ms >= slowMs;
      case 'failed':
        return hasFailed(facts);
      case 'degraded':
        return degraded.length > 0;
    }
  });
}

/** Returns whether a request has failed through no fault of its client. */
export function hasFailed({ status, codes = [] }: FinishedFacts): boolean {
  return status >= 500 || codes.some(isServerFault);
}

/**
 * Returns whether an error code means a failure of the router or of a subgraph. The status of the response
 * does not show this, because responses with failed subgraph calls have status 200.
 */
function isServerFault(code: string): boolean {
  return isErrorCode(code) && (ERRORS[code].status >= 500 || code.startsWith('SUBGRAPH_'));
}
