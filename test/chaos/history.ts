import type { Operation } from './operations.ts';

/*
 * Who saw what, in the order it was seen. Times are milliseconds since 1970: clients, proxies, routers and
 * Redis are on one machine and read one clock.
 */

/**
 * Supergraphs that differ in a field and in the addresses of their subgraphs, so that calls tell which one
 * made them.
 */
export type Edition = 'first' | 'second';

export type Outcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** The client went away, as it had meant to. */
  | { readonly kind: 'cut' }
  /** The connection broke, or was refused. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** The client gave up waiting. */
  | { readonly kind: 'unanswered' };

/** A request as its client saw it. */
export type Exchange = {
  /** `x-request-id`. */
  readonly id: string;
  readonly operation: Operation;
  readonly router: number;
  readonly began: number;
  readonly ended: number;
  readonly outcome: Outcome;
};

/** A request as the way into a subgraph saw it: all of it was delivered. */
export type Sighting = {
  readonly at: number;
  readonly subgraph: string;
  /** The way it came: a supergraph's, or that of another service. */
  readonly way: Edition | 'service';
  readonly requestId: string;
  readonly userId: string | undefined;
  /** `x-service-name`: the service that called. */
  readonly service: string | undefined;
  readonly roles: string | undefined;
  readonly isAuthorizationShown: boolean;
  /** The beginning of the document. */
  readonly query: string;
};

export type Take = {
  readonly key: string;
  readonly points: number;
  readonly capacity: number;
  readonly windowMs: number;
};

/** A change of rate-limit buckets, with the time of the clock of Redis. */
export type PointChange = {
  /**
   * A Redis that was killed has forgotten all: its next life begins with full buckets
   * (docs/decisions/005-token-bucket.md).
   */
  readonly life: number;
  readonly at: number;
  readonly kind: 'charge' | 'refund';
  readonly takes: readonly Take[];
};

/** What a router wrote of a request. */
export type RouterLine = {
  readonly router: number;
  readonly requestId: string;
  readonly status: number;
  readonly generation: string | undefined;
};

/** A router's process from its start on. */
export type RouterLife = {
  readonly router: number;
  readonly began: number;
  /** Which supergraph served from when on. */
  readonly served: { readonly at: number; readonly generation: string }[];
  /** Errors that only its log tells in full. */
  readonly failures: string[];
  /** When it was told to stop, and how. */
  stopped: { readonly at: number; readonly signal: 'SIGTERM' | 'SIGKILL' } | undefined;
  ended: { readonly at: number; readonly code: number | null } | undefined;
};

/** What was done to the graph, and when. */
export type FaultRecord = { readonly name: string; readonly began: number; readonly ended: number };

/** A time in which this process or a router had work and no processor. */
export type Stall = { readonly at: number; readonly ms: number };

/** What the databases hold in the end. */
export type Ledger = {
  /** Ids of orders by the idempotency key with which they were placed. */
  readonly orders: ReadonlyMap<string, readonly string[]>;
  /** Pieces more than in the beginning, by product. */
  readonly deliveries: ReadonlyMap<string, number>;
};

export type History = {
  readonly seed: string;
  /** Of the access tokens. */
  issuer: string;
  readonly exchanges: Exchange[];
  readonly sightings: Sighting[];
  readonly pointChanges: PointChange[];
  readonly routerLines: RouterLine[];
  readonly routerLives: RouterLife[];
  readonly faults: FaultRecord[];
  readonly stalls: Stall[];
  ledger: Ledger;
  /** What each query answers while nothing is broken, by `Operation.key`. */
  readonly whole: Map<string, unknown>;
  /** What each operation is charged at first, by `Operation.key` of a query and name of a mutation. */
  readonly costs: Map<string, number>;
  /** The edition of a supergraph by the version that answers name. */
  readonly editions: Map<string, Edition>;
  /** What must not be in any answer: addresses, folders. */
  readonly secrets: string[];
  /** Subgraphs that ended by themselves. */
  readonly crashes: string[];
  /** Queries that were not whole again after the faults, and why. */
  readonly unrecovered: string[];
};

export function emptyHistory(seed: string): History {
  return {
    seed,
    issuer: '',
    exchanges: [],
    sightings: [],
    pointChanges: [],
    routerLines: [],
    routerLives: [],
    faults: [],
    stalls: [],
    ledger: { orders: new Map(), deliveries: new Map() },
    whole: new Map(),
    costs: new Map(),
    editions: new Map(),
    secrets: [],
    crashes: [],
    unrecovered: [],
  };
}

/** Now, with fractions of a millisecond. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
