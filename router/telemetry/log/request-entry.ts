import type { RecordedFacts, RequestRecorder } from '../../request/request-recorder.ts';
import { pathSentence } from '../../trace/sentence.ts';
import { endOf, startOf } from '../../trace/timeline.ts';
import type { RequestLogEntry, SubgraphCalls } from './request-line.ts';
import type { RequestFinished } from '../../request/finished-work.ts';

/**
 * Returns the values of a finished GraphQL request for its log line. All fields are listed one by one, so
 * that all returned objects have the same shape, which V8 handles fast. Spreading another object into the
 * result took longer than the rest of the function.
 */
export function logEntryOf(event: RequestFinished): RequestLogEntry {
  const { recorder } = event;
  const { facts } = recorder;
  const user = facts.identity?.kind === 'user' ? facts.identity : undefined;
  return {
    requestId: event.requestId,
    traceId: facts.traceId,
    spanId: facts.spanId,
    correlationId: event.correlationId ?? facts.correlationId,
    method: event.method,
    path: loggedPath(facts.path),
    status: event.status,
    ms: event.ms,
    clientIp: event.clientIp ?? facts.clientAddress,
    userAgent: facts.userAgent,
    clientName: event.clientName ?? facts.clientName,
    clientVersion: event.clientVersion ?? facts.clientVersion,
    graph: event.graph ?? facts.graph,
    operationName: event.operationName ?? facts.operationName,
    operationType: event.operationType ?? facts.operationType,
    operationHash: facts.operationHash?.(),
    userId: user?.id,
    userIssuer: user?.issuer,
    tenant: user?.tenant,
    cost: costOf(event.cost ?? facts.cost, facts.actualCost),
    rateLimitRemaining: facts.rateLimitRemaining,
    subgraphs: callsOf(recorder),
    criticalPath: recorder.execution === undefined ? undefined : pathSentence(recorder),
    degraded: event.degraded,
    codes: event.codes,
    cache: cacheOf(recorder),
    generation: event.generation ?? facts.generation,
    bytes: event.bytes,
    deduplicatedBy: event.deduplicatedBy,
    deduplicatedCalls: event.deduplicatedCalls,
    deprecated: facts.deprecated,
  };
}

/**
 * Matches a query string that begins with `%3f` instead of `?`. It is removed from logged paths, because it
 * may contain a token.
 */
const ENCODED_QUERY = /%3f.*$/is;

/** Returns the values that the log line of every request has, even if the request is not for GraphQL. */
export function httpEntryOf(facts: Partial<RecordedFacts>): RequestLogEntry {
  return {
    traceId: facts.traceId,
    spanId: facts.spanId,
    correlationId: facts.correlationId,
    method: facts.method,
    path: loggedPath(facts.path),
    clientIp: facts.clientAddress,
    userAgent: facts.userAgent,
    clientName: facts.clientName,
    clientVersion: facts.clientVersion,
  };
}

function loggedPath(path: string | undefined): string | undefined {
  return path?.includes('%') === true ? path.replace(ENCODED_QUERY, '') : path;
}

function costOf(requested: number | undefined, actual: number | undefined): RequestLogEntry['cost'] {
  return requested === undefined ? undefined : { requested, actual };
}

function cacheOf({ joined, facts: { isCached } }: RequestRecorder): RequestLogEntry['cache'] {
  if (joined !== undefined) return 'joined';
  return isCached === undefined ? undefined : isCached ? 'hit' : 'miss';
}

/**
 * Sums the calls of a request by subgraph. If a fetch shared the call of another fetch, only one call is
 * counted.
 */
function callsOf(recorder: RequestRecorder): readonly SubgraphCalls[] | undefined {
  if (recorder.execution === undefined) return undefined;
  const sums: SubgraphCalls[] = [];
  for (const record of recorder.execution.fetches) {
    const { subgraph, attempts, joined } = record;
    if (attempts > 0 || joined !== undefined)
      addCall(sums, subgraph, endOf(recorder, record) - startOf(recorder, record));
  }
  return sums;
}

function addCall(sums: SubgraphCalls[], subgraph: string, us: number): void {
  for (const sum of sums)
    if (sum.subgraph === subgraph) {
      sum.calls += 1;
      sum.us += us;
      sum.slowestUs = Math.max(sum.slowestUs, us);
      return;
    }
  sums.push({ subgraph, calls: 1, us, slowestUs: us });
}
