import type { FetchRecord } from '../request/fetch-record.ts';
import type { StageName } from '../request/request-trace.ts';
import type { FetchStep, PathSteps } from './path-steps.ts';

/** Share of a step, from 0 to 1, from which a part of it is mentioned. */
const NOTABLE = 0.1;
/** Milliseconds from which a wait for a connection is mentioned. */
const NOTABLE_MS = 1;
/** Milliseconds from which a stage of the router is mentioned. */
const NOTABLE_STAGE_MS = 5;
/** Maximum number of parallel fetches that are named. */
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
  authenticate: 'authentication',
  persisted: 'finding the document',
  parse: 'parsing and validation',
  authorize: 'authorization',
  rateLimit: 'rate limit',
  plan: 'planning',
  execute: 'merging and completion',
  respond: 'writing the response',
};

/** Describes in a few words each what was special about a fetch of the critical path. */
export function fetchNotes({ record, ms, beside }: FetchStep, rounded: (ms: number) => string): string[] {
  const { connectionMs, attempts, joined, sharedWith, outcome, source } = record;
  const waited = Math.min(connectionMs, ms);
  const notes = [
    waited >= NOTABLE_MS && waited >= ms * NOTABLE ? `waited ${rounded(waited)} for a connection` : undefined,
    attempts > 1 ? `${attempts} attempts` : undefined,
    joined === undefined ? undefined : `call of request ${joined}`,
    sharedWith === -1 ? undefined : `in one call with fetch ${sharedWith}`,
    outcome === 'OK' ? undefined : (OUTCOMES[outcome] ?? outcome),
    SOURCES[source],
    besideNote(beside, rounded),
  ];
  return notes.filter((note) => note !== undefined);
}

function besideNote(beside: FetchStep['beside'], rounded: (ms: number) => string): string | undefined {
  if (beside.length === 0) return undefined;
  const named = beside.slice(0, MAX_NAMED).map(({ subgraph, ms }) => `${subgraph} ${rounded(ms)}`);
  const others = beside.length - named.length;
  return `in parallel: ${named.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}

/** Names the stage that has most of the router's time, if that time is a notable part of the whole. */
export function routerNotes(
  { routerMs, longestStage: { name, ms } }: PathSteps,
  totalMs: number,
  rounded: (ms: number) => string,
): string[] {
  const isNotable = ms >= NOTABLE_STAGE_MS && ms >= routerMs / 2 && routerMs >= totalMs * NOTABLE;
  return isNotable ? [`${STAGES[name]} ${rounded(ms)}`] : [];
}
