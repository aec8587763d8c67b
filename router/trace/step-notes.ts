import type { FetchRecord } from '../request/fetch-record.ts';
import type { RecordedPath, RequestRecorder } from '../request/request-recorder.ts';
import type { StageName } from '../request/request-trace.ts';
import { longestStage } from './path-steps.ts';
import type { ParallelFetch } from './path-steps.ts';

/**
 * Share of time (0 to 1) from which a note is written: the share of a fetch that was a wait for a connection,
 * or the share of a request that the router itself took.
 */
const NOTABLE = 0.1;
/** Milliseconds from which a fetch's wait for a connection is mentioned. */
const NOTABLE_MS = 1;
/** Milliseconds from which the longest stage of the router is mentioned. */
const NOTABLE_STAGE_MS = 5;
/** Maximum number of parallel fetches that a note lists by name. */
const MAX_NAMED = 3;

const OUTCOMES: Readonly<Record<string, string>> = {
  SUBGRAPH_TIMEOUT: 'timed out',
  SUBGRAPH_UNAVAILABLE: 'unreachable',
  SUBGRAPH_CIRCUIT_OPEN: 'circuit breaker open',
  SUBGRAPH_OVERLOADED: 'too many calls in flight',
  REQUEST_CANCELLED: 'cancelled',
};

const SOURCES: Readonly<Record<FetchRecord['source'], string | undefined>> = {
  subgraph: undefined,
  stale: 'stale values used',
  fallback: 'fallback used',
  cache: 'from the cache',
};

const STAGES: Readonly<Record<StageName, string>> = {
  receive: 'receiving the request',
  queue: 'waiting for earlier requests',
  authenticate: 'authentication',
  persisted: 'finding the document',
  parse: 'parsing and validation',
  authorize: 'authorization',
  rateLimit: 'rate limit',
  plan: 'planning',
  execute: 'merging and completion',
  respond: 'writing the response',
};

const NO_NOTES: readonly string[] = [];

/** Writes a number of milliseconds as text. */
type Format = (ms: number) => string;

/**
 * Returns short notes about a fetch of the critical path, such as `waited 180 for a connection` or `2
 * attempts`.
 * @param ms milliseconds of the critical path that belong to the fetch
 * @param beside other fetches that ran at the same time
 */
export function fetchNotes(
  record: FetchRecord,
  ms: number,
  { beside, format }: { readonly beside: readonly ParallelFetch[]; readonly format: Format },
): readonly string[] {
  if (isOrdinary(record) && beside.length === 0) return NO_NOTES;
  const { connectionMs, attempts, joined, sharedWith, outcome, source } = record;
  const waited = Math.min(connectionMs, ms);
  const notes = [
    waited >= NOTABLE_MS && waited >= ms * NOTABLE ? `waited ${format(waited)} for a connection` : undefined,
    attempts > 1 ? `${attempts} attempts` : undefined,
    joined === undefined ? undefined : `call of request ${joined}`,
    sharedWith === -1 ? undefined : `in one call with fetch ${sharedWith}`,
    outcome === 'OK' ? undefined : (OUTCOMES[outcome] ?? outcome),
    SOURCES[source],
    besideNote(beside, format),
  ];
  return notes.filter((note) => note !== undefined);
}

/**
 * Returns whether a fetch had one successful attempt without a wait. Most fetches are like this and get no
 * note of their own.
 */
function isOrdinary({ connectionMs, attempts, joined, sharedWith, outcome, source }: FetchRecord): boolean {
  return (
    connectionMs < NOTABLE_MS &&
    attempts <= 1 &&
    joined === undefined &&
    sharedWith === -1 &&
    outcome === 'OK' &&
    source === 'subgraph'
  );
}

function besideNote(beside: readonly ParallelFetch[], format: Format): string | undefined {
  if (beside.length === 0) return undefined;
  const named = beside.slice(0, MAX_NAMED).map(({ subgraph, ms }) => `${subgraph} ${format(ms)}`);
  const others = beside.length - named.length;
  return `in parallel: ${named.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}

/**
 * Returns a note that names the router's longest stage, such as `planning 12`, if this stage took a notable
 * part of the request.
 */
export function routerNotes(
  recorder: RequestRecorder,
  path: RecordedPath,
  format: Format,
): readonly string[] {
  const routerMs = path.routerUs / 1000;
  if (routerMs < NOTABLE_STAGE_MS || routerMs < recorder.totalMs * NOTABLE) return NO_NOTES;
  const { name, ms } = longestStage(recorder, path);
  return ms >= NOTABLE_STAGE_MS && ms >= routerMs / 2 ? [`${STAGES[name]} ${format(ms)}`] : NO_NOTES;
}
