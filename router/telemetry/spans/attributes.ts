import type { Attributes } from '@opentelemetry/api';
import type { FetchRecord } from '../../request/fetch-record.ts';
import { pathSentence } from '../../trace/sentence.ts';
import type { SpanEvent } from './finished-span.ts';
import type { SpanSource } from './span-source.ts';

/** Maximum length in characters of an attribute value that a client has sent. */
const LONGEST = 256;

/**
 * Returns the attributes of a request's span, named by OpenTelemetry's semantic conventions where they have a
 * name. They never include documents, variables or headers, which may contain secrets.
 */
export function requestAttributes(source: SpanSource): Attributes {
  const { recorder, codes = [], degraded = [] } = source;
  const { facts } = recorder;
  return withoutUndefined({
    'http.request.method': source.method,
    'http.response.status_code': source.status,
    'url.path': bounded(facts.path),
    'client.address': source.clientIp,
    'user_agent.original': bounded(facts.userAgent),
    'enduser.id': source.userId,
    'graphql.operation.type': source.operationType,
    'graphql.operation.name': bounded(source.operationName),
    'graphql.operation.hash': facts.operationHash?.(),
    'error.type': codes[0],
    'tributary.request.id': source.requestId,
    'tributary.correlation.id': facts.correlationId,
    'tributary.client.name': bounded(source.clientName),
    'tributary.client.version': bounded(source.clientVersion),
    'tributary.graph': source.graph,
    'tributary.generation': source.generation,
    'tributary.cost': source.cost,
    'tributary.degraded': degraded.length === 0 ? undefined : [...degraded],
    'tributary.error.codes': codes.length === 0 ? undefined : [...codes],
    'tributary.joined': recorder.joined,
    'tributary.critical_path': recorder.execution === undefined ? undefined : pathSentence(recorder),
  });
}

/** Returns the attributes of the span of a fetch from a subgraph. */
export function fetchAttributes(fetch: FetchRecord): Attributes {
  return withoutUndefined({
    'http.request.method': 'POST',
    'http.response.status_code': fetch.status === 0 ? undefined : fetch.status,
    ...serverAttributes(fetch.url),
    'peer.service': fetch.subgraph,
    'graphql.operation.type': fetch.operation,
    'error.type': fetch.outcome === 'OK' ? undefined : fetch.outcome,
    'tributary.outcome': fetch.outcome,
    'tributary.fetch.id': fetch.index,
    'tributary.fetch.path': fetch.path.join('.'),
    'tributary.fetch.entities': fetch.entities,
    'tributary.fetch.source': fetch.source,
    'tributary.fetch.attempts': fetch.attempts,
    'tributary.fetch.connection_ms': fetch.connectionMs,
    'tributary.fetch.bytes_sent': fetch.bytesOut,
    'tributary.fetch.bytes_received': fetch.bytesIn,
    'tributary.breaker': fetch.breaker,
    'tributary.joined': fetch.joined,
  });
}

/**
 * Returns the events of a fetch's span: each retry, and the state of the circuit breaker if it was open or
 * half-open.
 */
export function fetchEvents(
  { retriedAt = [], breaker, startedAt }: FetchRecord,
  { end, wallTime }: { readonly end: number; readonly wallTime: (time: number) => number },
): readonly SpanEvent[] {
  const retries = retriedAt.map((at) => ({ name: 'retry', at: wallTime(at) }));
  if (breaker !== 'open' && breaker !== 'half-open') return retries;
  // A half-open breaker admits the call as a probe, so its event is at the start of the call. An open breaker
  // rejects the call, so its event is at the end.
  const at = wallTime(breaker === 'open' ? end : startedAt);
  return [...retries, { name: 'breaker', at, attributes: { 'tributary.breaker': breaker } }];
}

function serverAttributes(url: string): Attributes {
  if (!URL.canParse(url)) return {};
  const { hostname, port, protocol } = new URL(url);
  const defaultPort = protocol === 'https:' ? 443 : 80;
  return { 'server.address': hostname, 'server.port': port === '' ? defaultPort : Number(port) };
}

function bounded(text: string | undefined): string | undefined {
  return text?.slice(0, LONGEST);
}

function withoutUndefined(attributes: Attributes): Attributes {
  for (const name of Object.keys(attributes)) if (attributes[name] === undefined) delete attributes[name];
  return attributes;
}
