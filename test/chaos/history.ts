import type { Operation } from './operations.ts';

/*
 * The observations of clients, proxies, routers and Redis in their order. Times are milliseconds since 1970:
 * all of them run on one machine and read one clock.
 */

/**
 * Supergraphs that differ in one field and in the addresses of their subgraphs, so that a call shows the
 * edition it was made from.
 */
export type Edition = 'first' | 'second';

export type Outcome =
  | {
      readonly kind: 'received';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** The client aborted the request, as planned. */
  | { readonly kind: 'cut' }
  /** The connection broke or could not be opened. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** The client's timeout expired. */
  | { readonly kind: 'no response' };

/** A request as the client observed it. */
export type Exchange = {
  /** The value of `x-request-id`. */
  readonly id: string;
  readonly operation: Operation;
  readonly router: number;
  readonly began: number;
  readonly ended: number;
  readonly outcome: Outcome;
};

/** A request that was delivered completely, as the proxy before a subgraph observed it. */
export type Sighting = {
  readonly at: number;
  readonly subgraph: string;
  /** The edition whose address received the request, or `service` for calls between services. */
  readonly way: Edition | 'service';
  readonly requestId: string;
  readonly userId: string | undefined;
  /** The value of `x-service-name`: the calling service. */
  readonly service: string | undefined;
  readonly roles: string | undefined;
  readonly isAuthorizationShown: boolean;
  /** The first characters of the document. */
  readonly query: string;
};

export type Take = {
  readonly key: string;
  readonly points: number;
  readonly capacity: number;
  readonly windowMs: number;
};

/** A change of rate-limit buckets, timed by the clock of Redis. */
export type PointChange = {
  /**
   * Counts the starts of Redis: after a kill it has no data, so all buckets are full
   * (docs/decisions/005-token-bucket.md).
   */
  readonly life: number;
  readonly at: number;
} & (
  | { readonly kind: 'charge' | 'refund'; readonly takes: readonly Take[] }
  /** The level that Redis has stored after the charges and refunds of one script call. */
  | { readonly kind: 'stored'; readonly key: string; readonly units: number }
);

/** The log line of a router about a request. */
export type RouterLine = {
  readonly router: number;
  readonly requestId: string;
  readonly status: number;
  readonly generation: string | undefined;
};

/** A router's process from its start to its end. */
export type RouterLife = {
  readonly router: number;
  readonly began: number;
  /** Supergraphs with the time of their activation. */
  readonly served: { readonly at: number; readonly generation: string }[];
  /** Errors whose details are only in the router's log. */
  readonly failures: string[];
  /** Time and signal of the stop. */
  stopped: { readonly at: number; readonly signal: 'SIGTERM' | 'SIGKILL' } | undefined;
  ended: { readonly at: number; readonly code: number | null } | undefined;
};

/** A fault with its start and its end. */
export type FaultRecord = { readonly name: string; readonly began: number; readonly ended: number };

/** A period in which this process or a router was runnable and had no processor. */
export type Stall = { readonly at: number; readonly ms: number };

/** The contents of the databases at the end. */
export type Ledger = {
  /** Ids of orders by their idempotency key. */
  readonly orders: ReadonlyMap<string, readonly string[]>;
  /** Additional pieces since the start, by product. */
  readonly deliveries: ReadonlyMap<string, number>;
};

export type History = {
  readonly seed: string;
  /** The issuer of the access tokens. */
  issuer: string;
  readonly exchanges: Exchange[];
  readonly sightings: Sighting[];
  readonly pointChanges: PointChange[];
  readonly routerLines: RouterLine[];
  readonly routerLives: RouterLife[];
  readonly faults: FaultRecord[];
  readonly stalls: Stall[];
  ledger: Ledger;
  /** The data of each query without faults, by `Operation.key`. */
  readonly whole: Map<string, unknown>;
  /**
   * The points charged for each operation at its start, by `Operation.key` of a query and name of a mutation.
   */
  readonly costs: Map<string, number>;
  /** The edition of a supergraph by the version in responses. */
  readonly editions: Map<string, Edition>;
  /** Texts that no response may contain: addresses, folders. */
  readonly secrets: string[];
  /** Subgraphs that exited by themselves. */
  readonly crashes: string[];
  /** Queries that had not recovered after the faults, with the reason. */
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

/** The current time, with fractions of a millisecond. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
