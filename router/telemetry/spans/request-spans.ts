import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Link, SpanStatus } from '@opentelemetry/api';
import type { FetchRecord } from '../../request/fetch-record.ts';
import type { RequestRecorder } from '../../request/request-recorder.ts';
import type { StageName } from '../../request/request-trace.ts';
import type { SpanIds } from '../../request/request-span.ts';
import { fetchAttributes, fetchEvents, requestAttributes } from './attributes.ts';
import type { FinishedSpan } from './finished-span.ts';
import { hasFailed } from './sampling.ts';
import type { SpanSource } from './span-source.ts';

type SpanParts = {
  readonly newSpanId: () => string;
  /** Converts a time of the monotonic clock to milliseconds since 1970. */
  readonly wallTime: (time: number) => number;
};

/**
 * Names of the spans for the stages of a request. Stages without a span take little time and appear as gaps
 * in the span of the request.
 */
const STAGE_SPANS: Readonly<Partial<Record<StageName, string>>> = {
  queue: 'queue',
  authenticate: 'authenticate',
  parse: 'parse',
  rateLimit: 'rate limit',
  plan: 'plan',
  execute: 'execute',
};

const UNSET: SpanStatus = { code: SpanStatusCode.UNSET };
const ERROR: SpanStatus = { code: SpanStatusCode.ERROR };

/** Returns the spans of a request: its own first, then one for each stage and each fetch. */
export function spansOf(source: SpanSource, parts: SpanParts): readonly FinishedSpan[] {
  const { recorder } = source;
  const { traceId, spanId, parentSpanId } = recorder.span;
  if (traceId === undefined || spanId === undefined) return [];
  const end = recorder.endedAt;
  const stages = stageSpans(source, { traceId, spanId }, parts);
  const execution = stages.find(({ name }) => name === 'execute');
  const request = {
    name: source.operationType ?? 'request',
    kind: SpanKind.SERVER,
    traceId,
    spanId,
    parentSpanId,
    start: parts.wallTime(recorder.startedAt),
    end: parts.wallTime(end),
    attributes: requestAttributes(source),
    status: hasFailed(source) ? ERROR : UNSET,
    links: [],
    events: [],
  };
  if (execution === undefined || recorder.joined !== undefined) return [request, ...stages];
  const fetches = (recorder.execution?.fetches ?? []).map((fetch) => fetchSpan(fetch, execution, end, parts));
  return [request, ...stages, ...fetches];
}

function stageSpans(
  source: SpanSource,
  { traceId, spanId }: SpanIds,
  { newSpanId, wallTime }: SpanParts,
): readonly FinishedSpan[] {
  const { recorder } = source;
  const { stageNames, stageTimes, endedAt } = recorder;
  return stageNames.flatMap((stage, index) => {
    const name = STAGE_SPANS[stage];
    if (name === undefined) return [];
    // If the request was rejected, the stage that rejected it is the last one, and gets the error code.
    const rejection = index === stageNames.length - 1 ? source.codes?.[0] : undefined;
    return {
      name,
      kind: SpanKind.INTERNAL,
      traceId,
      spanId: newSpanId(),
      parentSpanId: spanId,
      start: wallTime(stageTimes[index] ?? recorder.startedAt),
      end: wallTime(stageTimes[index + 1] ?? endedAt),
      attributes: rejection === undefined ? {} : { 'error.type': rejection },
      status: rejection !== undefined && hasFailed(source) ? ERROR : UNSET,
      links: stage === 'execute' ? executionLinks(recorder) : [],
      events: [],
    };
  });
}

/**
 * Returns a link to the request whose execution this request has shared (deduplication); empty if it has
 * executed its operation itself.
 */
function executionLinks({ joined, execution }: RequestRecorder): Link[] {
  return joined === undefined ? [] : linksTo(execution?.span);
}

function linksTo(span: SpanIds | undefined): Link[] {
  return span === undefined ? [] : [{ context: { ...span, traceFlags: 1 } }];
}

function fetchSpan(
  fetch: FetchRecord,
  { traceId, spanId }: SpanIds,
  requestEnd: number,
  { newSpanId, wallTime }: SpanParts,
): FinishedSpan {
  // The fetch may still be in flight if the client has closed the connection. Its span then ends with that of
  // the request.
  const end = fetch.endedAt === 0 ? requestEnd : fetch.endedAt;
  return {
    name: `fetch ${fetch.subgraph}`,
    kind: SpanKind.CLIENT,
    traceId,
    spanId: fetch.span?.spanId ?? newSpanId(),
    parentSpanId: spanId,
    start: wallTime(fetch.startedAt),
    end: wallTime(end),
    attributes: fetchAttributes(fetch),
    status: fetch.outcome === 'OK' ? UNSET : ERROR,
    links: linksTo(fetch.link),
    events: fetchEvents(fetch, { end, wallTime }),
  };
}
