import type { CallOutcome } from '../call/call-result.ts';
import type { Address, ConnectionPool } from './http1/connection-pool.ts';

export type EndpointParts = {
  readonly pool: ConnectionPool;
  readonly monotonic: () => number;
  readonly random: () => number;
  /**
   * True if this is the subgraph's only endpoint. It is then never ejected, because no other endpoint could
   * be called instead.
   */
  readonly isOnly: boolean;
  readonly onEjection: (url: string, forMs: number) => void;
};

type State =
  | { readonly kind: 'serving'; readonly since: number }
  | { readonly kind: 'ejected'; readonly until: number }
  | { readonly kind: 'probed' };

/**
 * Weight of one call, by its outcome, in the moving average of an endpoint's failures. A healthy endpoint is
 * ejected after five bad responses in a row, or after two timeouts or failed connections. Timeouts and failed
 * connections weigh more, because they are rarely due to chance and cost callers more time.
 */
const WEIGHTS = { success: 0.15, failure: 0.15, timeout: 0.3, unreachable: 0.3 };
const MAX_FAILURE_SHARE = 0.5;
const EJECTION_MS = 1_000;
const MAX_EJECTION_MS = 30_000;
const JITTER = 0.2;
const SLOW_START_MS = 5_000;
const LEAST_WEIGHT = 0.1;

/**
 * One URL of a subgraph with its connection pool and load. An endpoint that fails too often is ejected: it
 * receives no calls for a while.
 */
export class Endpoint implements Address, AsyncDisposable {
  readonly url: string;
  readonly path: string;
  readonly pool: ConnectionPool;
  readonly #parts: EndpointParts;
  #state: State = { kind: 'serving', since: Number.NEGATIVE_INFINITY };
  /**
   * Number of state changes of the endpoint. Each call stores the number when it begins. If the number has
   * changed when the call ends, the outcome of the call is ignored.
   */
  #epoch = 0;
  #inFlight = 0;
  #failureShare = 0;
  #ejections = 0;

  constructor(url: URL, parts: EndpointParts) {
    this.url = url.href;
    this.path = `${url.pathname}${url.search}`;
    this.pool = parts.pool;
    this.#parts = parts;
  }

  get state(): State['kind'] {
    return this.#state.kind;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Returns whether the endpoint may receive a query or a mutation. After an ejection (a time without calls),
   * the first call is a probe: a single query, never a mutation.
   */
  accepts(operation: 'query' | 'mutation'): boolean {
    if (this.#state.kind === 'serving') return true;
    return this.#state.kind === 'ejected' && operation === 'query' && this.#now() >= this.#state.until;
  }

  /**
   * Load of the endpoint for load balancing: mainly the number of calls in flight. For the first seconds
   * after an ejection the load is reported higher, so that the endpoint receives few calls at first.
   */
  get load(): number {
    if (this.#state.kind !== 'serving') return this.#inFlight + 1;
    const servedFor = (this.#now() - this.#state.since) / SLOW_START_MS;
    return (this.#inFlight + 1) / Math.min(1, Math.max(LEAST_WEIGHT, servedFor));
  }

  /**
   * Counts a call as in flight. Returns the epoch of the endpoint: the number of its state changes, such as
   * an ejection. If the epoch has changed when the call ends, the outcome of the call is ignored.
   */
  startCall(): number {
    this.#inFlight += 1;
    if (this.#state.kind === 'ejected' && this.#now() >= this.#state.until) this.#enter({ kind: 'probed' });
    return this.#epoch;
  }

  endCall(epoch: number, outcome: CallOutcome): void {
    this.#inFlight -= 1;
    if (epoch !== this.#epoch || this.#parts.isOnly) return;
    switch (this.#state.kind) {
      case 'serving':
        this.#record(this.#state.since, outcome);
        break;
      case 'probed':
        this.#endProbe(outcome);
        break;
      case 'ejected':
        break;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close();
  }

  #record(since: number, outcome: CallOutcome): void {
    if (outcome === 'ignored') return;
    const weight = WEIGHTS[outcome];
    this.#failureShare = this.#failureShare * (1 - weight) + (outcome === 'success' ? 0 : weight);
    if (this.#failureShare <= MAX_FAILURE_SHARE) return;
    if (this.#now() - since > MAX_EJECTION_MS) this.#ejections = 0;
    this.#eject();
  }

  #endProbe(outcome: CallOutcome): void {
    switch (outcome) {
      case 'success':
        this.#failureShare = 0;
        this.#enter({ kind: 'serving', since: this.#now() });
        break;
      case 'ignored':
        this.#enter({ kind: 'ejected', until: this.#now() });
        break;
      case 'failure':
      case 'timeout':
      case 'unreachable':
        this.#eject();
        break;
    }
  }

  #eject(): void {
    const longest = Math.min(EJECTION_MS * 2 ** this.#ejections, MAX_EJECTION_MS);
    const forMs = Math.round(longest * (1 - JITTER * this.#parts.random()));
    this.#ejections += 1;
    this.#enter({ kind: 'ejected', until: this.#now() + forMs });
    this.#parts.onEjection(this.url, forMs);
  }

  #enter(state: State): void {
    this.#state = state;
    this.#epoch += 1;
  }

  #now(): number {
    return this.#parts.monotonic();
  }
}
