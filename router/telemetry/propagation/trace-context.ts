import { createTraceState, trace } from '@opentelemetry/api';
import type { SpanContext, TraceState } from '@opentelemetry/api';
import { SAMPLING_HINT } from './header-propagator.ts';
import type { HeaderPropagator } from './header-propagator.ts';

// Matches a valid `traceparent` header. Version `ff` is invalid. For versions later than 00, only the four
// fields that version 00 has are read.
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const SAMPLED = 0b01;
const RANDOM = 0b10;

/**
 * Propagator for the headers `traceparent` and `tracestate` (https://www.w3.org/TR/trace-context/). Without a
 * valid `traceparent`, `tracestate` is ignored.
 */
export const traceContextPropagator: HeaderPropagator = {
  fields: () => ['traceparent', 'tracestate'],

  extract(context, headers, getter) {
    const span = readTraceparent(textOf(getter.get(headers, 'traceparent')));
    if (span === undefined) return context;
    const traceState = readTracestate(textOf(getter.get(headers, 'tracestate')));
    const extracted = trace.setSpanContext(context, { ...span, ...(traceState && { traceState }) });
    // B3 headers of the same request may have put a sampling hint into the context. It is removed, because
    // `traceparent` has its own sampling flag.
    return extracted.getValue(SAMPLING_HINT) === undefined ? extracted : extracted.deleteValue(SAMPLING_HINT);
  },

  inject(context, headers, setter) {
    const span = trace.getSpanContext(context);
    if (span === undefined) return;
    const flags = span.traceFlags.toString(16).padStart(2, '0');
    setter.set(headers, 'traceparent', `00-${span.traceId}-${span.spanId}-${flags}`);
    const tracestate = span.traceState?.serialize() ?? '';
    if (tracestate !== '') setter.set(headers, 'tracestate', tracestate);
  },
};

/** Returns the value of a header; undefined if it is absent or was received as a list. */
export function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function readTraceparent(traceparent: string | undefined): SpanContext | undefined {
  const match = traceparent === undefined ? null : TRACEPARENT.exec(traceparent);
  const [, version, traceId, spanId, flags, rest] = match ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === '00' && rest !== undefined) return undefined;
  const known = version === '00' ? SAMPLED | RANDOM : SAMPLED;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & known, isRemote: true };
}

const MOST_ENTRIES = 32;
/**
 * Maximum number of characters of `tracestate`. W3C Trace Context requires propagating at least this many
 * (section 3.3.1.5).
 */
const LONGEST = 512;
/** Length in characters above which an entry of `tracestate` is removed before shorter ones. */
const LONG_ENTRY = 128;

function readTracestate(header: string | undefined): TraceState | undefined {
  if (header === undefined || header === '') return undefined;
  // OpenTelemetry's parser drops malformed entries of `tracestate`, so they are not checked here.
  return createTraceState(withinLength(distinctEntries(header)).join(','));
}

/**
 * Returns the entries of `tracestate` without repeated keys. The newest entry is on the left, so the first
 * one of each key is kept.
 */
function distinctEntries(header: string): string[] {
  const entries = new Map<string, string>();
  for (const entry of header.split(',').map((text) => text.trim())) {
    const key = entry.split('=', 1)[0] ?? '';
    if (key !== '' && !entries.has(key)) entries.set(key, entry);
  }
  return [...entries.values()].slice(0, MOST_ENTRIES);
}

/**
 * Shortens `tracestate` to the maximum length. Entries of more than 128 characters are removed first, then
 * others. In both cases the rightmost entry, which is the oldest, is removed first.
 */
function withinLength(entries: readonly string[]): string[] {
  let length = entries.reduce((sum, entry) => sum + entry.length + 1, -1);
  const kept: string[] = [];
  for (const entry of entries.toReversed())
    if (length > LONGEST && entry.length > LONG_ENTRY) length -= entry.length + 1;
    else kept.unshift(entry);
  while (length > LONGEST) length -= (kept.pop()?.length ?? length) + 1;
  return kept;
}
