import type { RequestFinished } from '../request/finished-work.ts';
import { outcomeOf } from '../telemetry/metrics/response-outcome.ts';
import { buildTrace } from '../trace/build-trace.ts';
import { pathSentence } from '../trace/sentence.ts';
import type { RecentRequest, RequestKind, RequestResult } from './api-types.ts';
import { redactLiterals } from './redact-literals.ts';

/** Conditions on recent requests. A request must meet all conditions that are given. */
export type RequestFilter = {
  /** Time in ISO 8601. Only requests that ended at or after this time match. */
  readonly since?: string | undefined;
  readonly operation?: string | undefined;
  readonly client?: string | undefined;
  /** Only requests whose response contains an error with this code match. */
  readonly code?: string | undefined;
  readonly subgraph?: string | undefined;
  readonly kind?: string | undefined;
};

/** The last slow, failed and degraded requests of a process, and samples of all others. */
export type RequestRing = {
  readonly requestFinished: (event: RequestFinished) => void;
  /** Returns the requests that meet a filter, the newest one first. */
  readonly list: (filter: RequestFilter) => readonly RecentRequest[];
  /** Returns the request with this id (`x-request-id`); the newest one if several requests have the id. */
  readonly find: (id: string) => RequestResult | undefined;
};

export type RequestRingOptions = {
  readonly slowMs: number;
  readonly keepRequests: number;
  readonly keepBytes: number;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
};

type KeptRequest = {
  readonly at: number;
  /**
   * Sequence number in the order in which requests ended. Times do not suffice, because several requests may
   * end in the same millisecond.
   */
  readonly order: number;
  readonly kind: RequestKind;
  readonly event: RequestFinished;
  readonly bytes: number;
};

const KINDS = ['failed', 'degraded', 'slow', 'sampled'] as const;

/**
 * Minimum time in milliseconds between two samples of accepted requests, and between two samples of rejected
 * requests. Only samples of rejected requests are kept. Otherwise a client that sends thousands of invalid
 * requests would replace all failed requests in the list.
 */
const SAMPLE_MS = 1_000;

/** Maximum number of requests that one query returns. */
export const MAX_LISTED = 500;

/**
 * Creates the list of recent requests. Failed, degraded, slow and sampled requests each have a quarter of the
 * space, so that many of one kind do not replace the others. No variables, literal values, headers or
 * addresses are returned.
 */
export function createRequestRing(options: RequestRingOptions): RequestRing {
  const { slowMs, keepRequests, keepBytes, now } = options;
  const limits = {
    entries: Math.max(1, Math.floor(keepRequests / KINDS.length)),
    bytes: keepBytes / KINDS.length,
  };
  const queues = new Map(KINDS.map((kind) => [kind, new BoundedQueue(limits)]));
  const sampledAt = new Map<RequestKind, number>();
  let order = 0;

  function isDue(kind: RequestKind, at: number): boolean {
    const last = sampledAt.get(kind) ?? -Infinity;
    if (at - last < SAMPLE_MS && at >= last) return false;
    sampledAt.set(kind, at);
    return true;
  }

  function newestFirst(): readonly KeptRequest[] {
    return [...queues.values()].flatMap((queue) => queue.entries()).toSorted((a, b) => b.order - a.order);
  }

  return {
    requestFinished(event) {
      const at = now();
      const kind = kindOf(event, slowMs);
      const isSampled = kind === 'sampled' || outcomeOf(event) === 'rejected';
      if (isSampled && !isDue(kind, at)) return;
      queues
        .get(isSampled ? 'sampled' : kind)
        ?.add({ at, order: order++, kind, event, bytes: bytesOf(event) });
    },
    list: (filter) =>
      newestFirst()
        .filter((request) => meets(request, filter))
        .slice(0, MAX_LISTED)
        .map(summaryOf),
    find(id) {
      const found = newestFirst().find(({ event }) => event.requestId === id);
      if (found === undefined) return undefined;
      const { recorder } = found.event;
      const { source } = recorder.facts;
      return {
        ...summaryOf(found),
        trace: buildTrace(recorder),
        document: source === undefined ? null : redactLiterals(source),
      };
    },
  };
}

function kindOf(event: RequestFinished, slowMs: number): RequestKind {
  if ((event.degraded?.length ?? 0) > 0) return 'degraded';
  if (outcomeOf(event) !== 'ok') return 'failed';
  return event.ms >= slowMs ? 'slow' : 'sampled';
}

function meets({ at, kind, event }: KeptRequest, filter: RequestFilter): boolean {
  const since = filter.since === undefined ? -Infinity : Date.parse(filter.since);
  return (
    !(at < since) &&
    (filter.kind ?? kind) === kind &&
    (filter.operation === undefined || nameOf(event) === filter.operation) &&
    (filter.client === undefined || event.clientName === filter.client) &&
    (filter.code === undefined || event.codes?.includes(filter.code) === true) &&
    (filter.subgraph === undefined || subgraphsOf(event).includes(filter.subgraph))
  );
}

function summaryOf({ at, kind, event }: KeptRequest): RecentRequest {
  return {
    id: event.requestId,
    at: new Date(at).toISOString(),
    kind,
    ms: Math.round(event.ms * 1_000) / 1_000,
    status: event.status,
    operation: nameOf(event) ?? null,
    operationType: event.operationType ?? event.recorder.facts.operationType ?? null,
    client: event.clientName ?? null,
    codes: event.codes ?? [],
    degraded: event.degraded ?? [],
    subgraphs: subgraphsOf(event),
    sentence: pathSentence(event.recorder),
  };
}

function nameOf({ operationName, recorder }: RequestFinished): string | undefined {
  return operationName ?? recorder.facts.operationName;
}

function subgraphsOf({ recorder }: RequestFinished): readonly string[] {
  return [...new Set(recorder.execution?.fetches.map(({ subgraph }) => subgraph))];
}

const BYTES_PER_REQUEST = 2_000;
const BYTES_PER_FETCH = 500;

/**
 * Estimates the memory in bytes that a kept request uses. The text of its document is counted, because the
 * kept request may be the only object that refers to this text.
 */
function bytesOf({ recorder }: RequestFinished): number {
  const { facts, execution } = recorder;
  const fetches = execution?.fetches.length ?? 0;
  return BYTES_PER_REQUEST + BYTES_PER_FETCH * fetches + (facts.source?.length ?? 0);
}

class BoundedQueue {
  readonly #limits: { readonly entries: number; readonly bytes: number };
  readonly #entries: KeptRequest[] = [];
  #bytes = 0;

  constructor(limits: { readonly entries: number; readonly bytes: number }) {
    this.#limits = limits;
  }

  add(request: KeptRequest): void {
    if (request.bytes > this.#limits.bytes) return;
    this.#entries.push(request);
    this.#bytes += request.bytes;
    while (this.#entries.length > this.#limits.entries || this.#bytes > this.#limits.bytes)
      this.#bytes -= this.#entries.shift()?.bytes ?? 0;
  }

  entries(): readonly KeptRequest[] {
    return this.#entries;
  }
}
