import type { Pool } from 'undici';
import type { Verdict } from '../call/call.ts';
import type { Address } from './transport.ts';

export type EndpointParts = {
  readonly pool: Pool;
  readonly monotonic: () => number;
  readonly random: () => number;
  /** Whether it is the only one: then taking it out of rotation would help nobody. */
  readonly alone: boolean;
  readonly ejected: (url: string, forMs: number) => void;
};

/** Ties a verdict to the stay in rotation that its call belongs to. */
export type Visit = { readonly epoch: number };

type State =
  | { readonly kind: 'serving'; readonly since: number }
  | { readonly kind: 'ejected'; readonly until: number }
  | { readonly kind: 'probed' };

/**
 * Weight of the newest call in the moving share of failures. From health, the limit is passed by five bad answers in a
 * row, or by two calls that were held up or not taken at all: those are rarer by chance, and cost callers more.
 */
const WEIGHTS = { healthy: 0.15, ill: 0.15, late: 0.3, unreachable: 0.3 };
const ILLNESS_LIMIT = 0.5;
const EJECTION_MS = 1_000;
const MAX_EJECTION_MS = 30_000;
const JITTER = 0.2;
const SLOW_START_MS = 5_000;
const LEAST_WEIGHT = 0.1;

/** One address of a subgraph: its pool, its load, and whether it is in rotation. */
export class Endpoint implements Address, AsyncDisposable {
  readonly url: string;
  readonly path: string;
  readonly pool: Pool;
  readonly #parts: EndpointParts;
  #state: State = { kind: 'serving', since: Number.NEGATIVE_INFINITY };
  /** Rises with each state: a verdict on a call from before an ejection must not end the ejection. */
  #epoch = 0;
  #underWay = 0;
  #illness = 0;
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

  get underWay(): number {
    return this.#underWay;
  }

  /** In rotation now. A cooled-down one takes a single query first: no mutation is risked on it. */
  accepts(operation: 'query' | 'mutation'): boolean {
    if (this.#state.kind === 'serving') return true;
    return this.#state.kind === 'ejected' && operation === 'query' && this.#now() >= this.#state.until;
  }

  /** Calls under way per share of the traffic it may have; one that has just returned gets little at first. */
  get load(): number {
    if (this.#state.kind !== 'serving') return this.#underWay + 1;
    const servedFor = (this.#now() - this.#state.since) / SLOW_START_MS;
    return (this.#underWay + 1) / Math.min(1, Math.max(LEAST_WEIGHT, servedFor));
  }

  began(): Visit {
    this.#underWay += 1;
    if (this.#state.kind === 'ejected' && this.#now() >= this.#state.until) this.#enter({ kind: 'probed' });
    return { epoch: this.#epoch };
  }

  ended(visit: Visit, verdict: Verdict): void {
    this.#underWay -= 1;
    if (visit.epoch !== this.#epoch || this.#parts.alone) return;
    switch (this.#state.kind) {
      case 'serving':
        this.#observe(this.#state.since, verdict);
        break;
      case 'probed':
        this.#judge(verdict);
        break;
      case 'ejected':
        break;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close();
  }

  #observe(since: number, verdict: Verdict): void {
    if (verdict === 'neutral') return;
    const weight = WEIGHTS[verdict];
    this.#illness = this.#illness * (1 - weight) + (verdict === 'healthy' ? 0 : weight);
    if (this.#illness <= ILLNESS_LIMIT) return;
    if (this.#now() - since > MAX_EJECTION_MS) this.#ejections = 0;
    this.#eject();
  }

  #judge(verdict: Verdict): void {
    switch (verdict) {
      case 'healthy':
        this.#illness = 0;
        this.#enter({ kind: 'serving', since: this.#now() });
        break;
      case 'neutral':
        this.#enter({ kind: 'ejected', until: this.#now() });
        break;
      case 'ill':
      case 'late':
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
    this.#parts.ejected(this.url, forMs);
  }

  #enter(state: State): void {
    this.#state = state;
    this.#epoch += 1;
  }

  #now(): number {
    return this.#parts.monotonic();
  }
}
