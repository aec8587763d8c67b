import { ROOT_CONTEXT, createTraceState, trace } from '@opentelemetry/api';
import type { Context, TraceState } from '@opentelemetry/api';

/** W3C headers of a trace (https://www.w3.org/TR/trace-context/). */
export type TraceHeaders = { readonly traceparent?: string; readonly tracestate?: string };

// Version ff is invalid. For later versions, the first four fields are read as in version 00 and the rest is
// ignored.
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const SAMPLED = 0b01;
const RANDOM = 0b10;

/**
 * Returns the parent context of a request's spans. Without a valid `traceparent`, `tracestate` is ignored.
 */
export function readTraceContext({ traceparent, tracestate }: TraceHeaders): Context {
  const match = traceparent === undefined ? null : TRACEPARENT.exec(traceparent);
  const [, version, traceId, spanId, flags, rest] = match ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  if (version === '00' && rest !== undefined) return ROOT_CONTEXT;
  const known = version === '00' ? SAMPLED | RANDOM : SAMPLED;
  const traceState = readTracestate(tracestate);
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & known,
    ...(traceState && { traceState }),
    isRemote: true,
  });
}

/** Returns the headers that propagate the context of a span. */
export function traceHeaders(context: Context): TraceHeaders | undefined {
  const span = trace.getSpanContext(context);
  if (span === undefined) return undefined;
  const flags = span.traceFlags.toString(16).padStart(2, '0');
  const traceparent = `00-${span.traceId}-${span.spanId}-${flags}`;
  const tracestate = span.traceState?.serialize() ?? '';
  return tracestate === '' ? { traceparent } : { traceparent, tracestate };
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
  // The parser drops malformed entries.
  return createTraceState(withinLength(distinctEntries(header)).join(','));
}

/**
 * Returns the entries without repeated keys. The newest entries are on the left, so the first one of each key
 * remains.
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
