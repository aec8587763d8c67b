import type { BreakerState } from '../telemetry/breaker-state.ts';
import type { ErrorCode } from '../shared/errors.ts';
import type { CancelSignal } from '../request/cancel-signal.ts';
import type { SubgraphRequest, SubgraphResponse } from '../request/subgraph-request.ts';
import type { SubgraphCalled } from '../request/finished-work.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { balance } from './transport/balance.ts';
import { withBreakers, withManualBreakers } from './breaker/with-breakers.ts';
import { Bulkhead, withBulkhead } from './call/bulkhead.ts';
import { Call } from './call/call.ts';
import type { StartTimer, CallContext, CallPath } from './call/call.ts';
import type { CallResult } from './call/call-result.ts';
import { withCancellation } from './call/cancellation.ts';
import { CircuitBreaker } from './breaker/circuit-breaker.ts';
import type { ForcedState } from './breaker/circuit-breaker.ts';
import { FieldBreakers } from './breaker/field-breakers.ts';
import { withDeadline } from './call/deadline.ts';
import { Endpoint } from './transport/endpoint.ts';
import { RetryBudget, withRetry } from './call/retry.ts';
import type { SubgraphSettings } from './call/settings.ts';
import { createTransport, openPool } from './transport/transport.ts';
import type { Signer } from './transport/transport.ts';
import { shownUrl } from '../shared/error-message.ts';

export type SubgraphParts = {
  readonly telemetry: Pick<
    Telemetry,
    'log' | 'subgraphCalled' | 'subgraphRetried' | 'endpointEjected' | 'breakerChanged'
  >;
  readonly signer: Signer;
  /** True if the headers of subgraph responses are kept, because header rules read them. */
  readonly keepHeaders?: boolean;
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly startTimer: StartTimer;
};

export type SubgraphOptions = {
  readonly name: string;
  readonly urls: readonly string[];
  readonly settings: SubgraphSettings;
  /** Maximum duration of a whole client request in milliseconds. */
  readonly deadlineMs: number;
};

type BreakerReport = {
  readonly breaker: BreakerState;
  /**
   * True if a command through the admin API has forced the circuit breaker into its state; absent otherwise.
   */
  readonly forced?: true;
  /**
   * Milliseconds until the circuit breaker lets the next call pass. Present only if failures have opened it,
   * not if it was forced open.
   */
  readonly retryAfterMs?: number;
};

/** State of one subgraph for the admin port and the readiness check. */
export type SubgraphState = BreakerReport & {
  readonly subgraph: string;
  /**
   * State of the circuit breakers. `partly-open` means that calls pass, but some fields of the subgraph are
   * blocked.
   */
  readonly state: BreakerState | 'partly-open';
  /**
   * Fields that have a circuit breaker: those that failed recently, and those whose breaker was forced into a
   * state through the admin API.
   */
  readonly fields: readonly (BreakerReport & { readonly field: string })[];
  readonly inFlight: number;
  /** Maximum number of concurrent calls to the subgraph. */
  readonly limit: number;
  /**
   * Number of connections with a call (`active`) and without (`idle`), and number of calls that wait for a
   * connection (`pending`).
   */
  readonly connections: Readonly<Record<'active' | 'idle' | 'pending', number>>;
  readonly endpoints: readonly {
    readonly url: string;
    readonly state: 'serving' | 'ejected' | 'probed';
    readonly inFlight: number;
    /**
     * Whether several queries are sent on one connection at the same time (pipelining). Absent unless this is
     * configured.
     */
    readonly pipelining?: 'on' | 'paused';
  }[];
};

/**
 * Client of one subgraph, with its connection pools, circuit breakers and load counters. These survive the
 * activation of a new supergraph version.
 */
export type SubgraphClient = AsyncDisposable & {
  readonly name: string;
  send(request: SubgraphRequest, context: CallContext, signal: CancelSignal): Promise<SubgraphResponse>;
  state(): SubgraphState;
  /**
   * Forces the circuit breaker of the subgraph, or of one field, into a state. `auto` ends the forced state.
   */
  force(state: ForcedState, field?: string): void;
};

/** Creates the client of a subgraph. It opens no connections before the first call. */
export function createSubgraphClient(options: SubgraphOptions, parts: SubgraphParts): SubgraphClient {
  const { name, settings } = options;
  const endpoints = options.urls.map((url) => openEndpoint(url, options, parts));
  const bulkhead = new Bulkhead(settings.maxConcurrent);
  const breaker = createBreaker(options, parts);
  const { monotonic } = parts;
  const fields = new FieldBreakers({
    ...settings.breaker,
    monotonic,
    create: (field) => createBreaker(options, parts, field),
  });
  const path = composePath(options, parts, { endpoints, bulkhead, breaker, fields });
  const start = path((call, result) => {
    const { record } = call.request;
    const endedAt = monotonic();
    const connectionMs = record === undefined || record.attempts === 0 ? undefined : record.connectionMs;
    const code = reportCall(name, result, { ms: endedAt - call.startedAt, connectionMs }, parts);
    record?.ended(endedAt, code);
    call.resolve(result.response);
  });

  return {
    name,

    send(request, context, signal) {
      const startedAt = monotonic();
      return new Promise((resolve, reject) => {
        start(new Call({ request, context, signal, startedAt, resolve, reject }));
      });
    },

    state() {
      const ofFields = fields.tracked.map((field) => ({
        field: field.coordinate,
        ...breakerState(field.breaker),
      }));
      const isPartlyOpen = ofFields.some((field) => field.breaker !== 'closed');
      const own = breakerState(breaker);
      return {
        subgraph: name,
        state: own.breaker === 'closed' && isPartlyOpen ? 'partly-open' : own.breaker,
        ...own,
        fields: ofFields,
        inFlight: bulkhead.inFlight,
        limit: settings.maxConcurrent,
        connections: connectionsOf(endpoints),
        endpoints: endpoints.map(endpointState),
      };
    },

    force(state, field) {
      if (field === undefined) breaker.force(state);
      else fields.force(field, state);
    },

    async [Symbol.asyncDispose]() {
      await Promise.all(endpoints.map((endpoint) => endpoint[Symbol.asyncDispose]()));
      breaker[Symbol.dispose]();
      fields[Symbol.dispose]();
    },
  };
}

type Members = {
  readonly endpoints: readonly Endpoint[];
  readonly bulkhead: Bulkhead;
  readonly breaker: CircuitBreaker;
  readonly fields: FieldBreakers;
};

/**
 * Composes the functions that wrap the sending of a call, from the inside out. The order matters:
 * - The retry wraps load balancing, so that the second attempt can use another endpoint.
 * - The circuit breaker wraps the retry: a call that succeeds at another endpoint is no failure.
 * - The bulkhead (limit of concurrent calls) wraps the breaker: a call that it rejects is no failure.
 * - Deadline and cancellation wrap all others, because they limit a call including its retries.
 */
function composePath(options: SubgraphOptions, parts: SubgraphParts, members: Members): CallPath {
  const { name: service, settings, deadlineMs } = options;
  const { telemetry, signer, keepHeaders, monotonic, random, startTimer } = parts;
  const { maxResponseBytes, retries, timeoutMs, breaker } = settings;

  const transport = createTransport({ service, maxResponseBytes, signer, keepHeaders, monotonic });
  let path = balance(members.endpoints, transport, { service, random });
  path = withRetry(path, {
    retries,
    budget: new RetryBudget(),
    retried: () => telemetry.subgraphRetried(service),
  });
  const errorCodes = new Set(breaker.errorCodes);
  path = breaker.enabled
    ? withBreakers(path, { service, ...members }, { errorCodes, slowMs: breaker.slowMs, monotonic })
    : withManualBreakers(path, { service, ...members });
  path = withBulkhead(path, service, members.bulkhead);
  path = withDeadline(path, { service, timeoutMs, deadlineMs, monotonic, startTimer });
  return withCancellation(path, service);
}

/** Reports a call to metrics and log. Returns `OK` or the error code of the call. */
function reportCall(
  subgraph: string,
  { response, outcome, cause }: CallResult,
  { ms, connectionMs }: Pick<SubgraphCalled, 'ms' | 'connectionMs'>,
  { telemetry }: Pick<SubgraphParts, 'telemetry'>,
): 'OK' | ErrorCode {
  const codeOfResponse = outcome === 'failure' ? 'SUBGRAPH_HTTP_ERROR' : 'OK';
  const code = response.kind === 'received' ? codeOfResponse : response.failure.code;
  telemetry.subgraphCalled({ subgraph, outcome: code, ms, connectionMs });
  if (cause === undefined) return code;
  // Failed calls are logged only at the level `debug`, because an outage causes many similar ones. The
  // opening of the circuit breaker is logged separately.
  const level = code === 'INTERNAL_SERVER_ERROR' ? 'error' : 'debug';
  telemetry.log[level]({ subgraph, code: code, err: cause }, 'subgraph call failed');
  return code;
}

function openEndpoint(
  url: string,
  { name, urls, settings }: SubgraphOptions,
  parts: SubgraphParts,
): Endpoint {
  const address = new URL(url);
  return new Endpoint(address, {
    pool: openPool(address, settings),
    monotonic: parts.monotonic,
    random: parts.random,
    isOnly: urls.length === 1,
    onEjection: (ejectedUrl, forMs) => {
      parts.telemetry.endpointEjected({ subgraph: name, url: shownUrl(ejectedUrl), forMs });
    },
  });
}

function endpointState({ url, state, inFlight, pool }: Endpoint): SubgraphState['endpoints'][number] {
  const { pipelining } = pool;
  return { url: shownUrl(url), state, inFlight, ...(pipelining !== 'off' && { pipelining }) };
}

function connectionsOf(endpoints: readonly Endpoint[]): SubgraphState['connections'] {
  const connections = { active: 0, idle: 0, pending: 0 };
  for (const { pool } of endpoints) {
    const { connected, running, pending } = pool.stats;
    connections.active += running;
    connections.idle += Math.max(connected - running, 0);
    connections.pending += pending;
  }
  return connections;
}

function createBreaker(
  { name, settings }: SubgraphOptions,
  parts: SubgraphParts,
  field?: string,
): CircuitBreaker {
  const { monotonic, random, telemetry } = parts;
  return new CircuitBreaker({
    ...settings.breaker,
    monotonic,
    random,
    onChange: (change) => {
      telemetry.breakerChanged({ subgraph: name, ...(field !== undefined && { field }), ...change });
    },
  });
}

function breakerState({ state, isForced, retryAfterMs }: CircuitBreaker): BreakerReport {
  return {
    breaker: state,
    ...(isForced && { forced: true }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}
