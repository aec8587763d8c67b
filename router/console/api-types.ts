import type { RequestTrace } from '../request/request-trace.ts';

/**
 * Types of the JSON that the console API returns, one for each path below `/console/api/`. Times of day are
 * in ISO 8601, durations in milliseconds.
 */

/** Body of every response of the console API with an error status. */
export type ApiError = {
  readonly error: {
    readonly code: string;
    readonly message: string;
    /** Configuration key that enables the missing feature, such as `usage.enabled`. */
    readonly key?: string;
  };
};

/** Response to `GET overview`: the router, its health, and what this caller can use. */
export type Overview = {
  readonly product: 'Tributary';
  readonly version: string;
  readonly mode: 'development' | 'production';
  /** Graph and variant of the registry that the router follows, such as `shop@production`; otherwise null. */
  readonly graph: string | null;
  /** Path of the GraphQL endpoint on the client port, such as `/graphql`. */
  readonly graphqlPath: string;
  /** Path to which the page sends its operations. It is on the page's own origin. */
  readonly graphqlUrl: string;
  readonly supergraph: { readonly id: string; readonly since: string; readonly source: string } | null;
  readonly health: { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Whether this port also serves Apollo Sandbox, at `/sandbox`. */
  readonly sandbox: boolean;
  /**
   * Whether the router takes its supergraph from a registry. If so, `POST registry` forwards the console's
   * queries to the registry's own GraphQL API.
   */
  readonly registry: boolean;
  /** Accounts of `console.demoAccounts`, with which visitors of the page can sign in; empty in production. */
  readonly demoAccounts: readonly DemoAccount[];
  /** Whether this caller may change the state of the router, for example by `POST breakers/SUBGRAPH`. */
  readonly actions: boolean;
  /** Number of router processes whose results are merged in each response. */
  readonly workers: number;
};

export type DemoAccount = { readonly email: string; readonly password: string; readonly role: string };

/** Response to `GET state`: for each router process, the same content as `/state` of the admin port. */
export type StateResult = readonly Readonly<Record<string, unknown>>[];

/**
 * Response to `GET schema?version=ID`: the schemas of this supergraph version. Without `version`, the
 * response has the schemas of the active version.
 */
export type SchemaResult = {
  readonly version: string;
  /** Schema that clients see, as SDL. */
  readonly api: string;
  readonly supergraph: string;
  readonly subgraphs: readonly {
    readonly name: string;
    readonly sdl: string;
    /** URL of the subgraph. Only the admin port shows it. */
    readonly url?: string;
  }[];
  /** The API schema of each contract (a part of the graph for some clients). */
  readonly contracts: readonly { readonly name: string; readonly api: string }[];
  /** The supergraph versions that were served last, the newest one first. */
  readonly versions: readonly SchemaVersion[];
};

export type SchemaVersion = {
  readonly id: string;
  readonly since: string;
  /** Time at which another version replaced this one; null for the active version. */
  readonly until: string | null;
};

/**
 * Response to `GET usage`: number of requests since `from` for each schema coordinate, such as `Query.book`.
 */
export type UsageResult = {
  readonly from: string;
  readonly to: string;
  readonly coordinates: Readonly<Record<string, CoordinateUsage>>;
};

export type CoordinateUsage = {
  readonly calls: number;
  readonly operations: number;
  readonly clients: number;
  readonly lastSeen: string | null;
};

/**
 * Response to `GET usage?coordinate=Type.field`: the operations that use this coordinate, with their clients.
 */
export type CoordinateResult = {
  readonly coordinate: string;
  readonly operations: readonly {
    readonly name: string | null;
    readonly signature: string;
    readonly body: string;
    readonly clients: readonly {
      readonly name: string;
      readonly version: string | null;
      readonly calls: number;
      readonly lastSeen: string;
    }[];
  }[];
};

/**
 * Response to `GET operations`: the operations that persisted-operation manifests list, and those that
 * clients have sent.
 */
export type OperationsResult = {
  readonly manifest: readonly {
    readonly id: string;
    readonly name: string;
    readonly type: string;
    readonly body: string;
    /** The only client that may send the operation; null if the manifest applies to all clients. */
    readonly client: string | null;
  }[];
  /** Operations that clients have sent, the most used one first; empty if usage is not recorded. */
  readonly recorded: readonly {
    readonly name: string | null;
    readonly signature: string;
    readonly type: string;
    readonly body: string;
    readonly calls: number;
    readonly lastSeen: string;
  }[];
};

/**
 * Reason why a request is in the console's list of recent requests. A `sampled` request has not failed and is
 * neither degraded nor slow. The list has only some of these requests.
 */
export type RequestKind = 'failed' | 'degraded' | 'slow' | 'sampled';

/**
 * Response to `GET requests?since=&operation=&client=&code=&subgraph=&kind=`: recent requests that match, the
 * newest one first.
 */
export type RequestsResult = {
  readonly requests: readonly RecentRequest[];
  /** Milliseconds from which a request counts as slow. */
  readonly slowMs: number;
};

export type RecentRequest = {
  readonly id: string;
  readonly at: string;
  readonly kind: RequestKind;
  readonly ms: number;
  readonly status: number;
  readonly operation: string | null;
  readonly operationType: string | null;
  readonly client: string | null;
  readonly codes: readonly string[];
  /** Names of the subgraphs whose data is missing or stale in the response. */
  readonly degraded: readonly string[];
  /** Names of the subgraphs that were called for the request. */
  readonly subgraphs: readonly string[];
  /**
   * Duration of the request and how much of it each subgraph and the router took, as text, such as
   * `312 ms: order 40 → inventory 251 (waited 180 for a connection) → router 21`.
   */
  readonly sentence: string;
};

/** Response to `GET requests/ID`: a recent request with its trace. */
export type RequestResult = RecentRequest & {
  readonly trace: RequestTrace;
  /**
   * The operation's document without comments and with placeholders for literal values; null if the request
   * has no document or the document cannot be parsed.
   */
  readonly document: string | null;
};

/**
 * Response to `GET series?minutes=15`: metrics over time, in time steps of `stepMs`, the oldest step first.
 */
export type SeriesResult = {
  readonly stepMs: number;
  /** Start of the first time step. */
  readonly from: string;
  readonly router: RouterSeries;
  /** Metrics of each subgraph, by its name. */
  readonly subgraphs: Readonly<Record<string, SubgraphSeries>>;
  /**
   * For each subgraph, milliseconds during which responses waited for the subgraph (its share of the critical
   * path), one sum per time step. The key `router` has the time of the router itself.
   */
  readonly criticalPath: Readonly<Record<string, readonly number[]>>;
  readonly events: readonly ConsoleEvent[];
};

/**
 * Metrics of all requests. Each metric is a list with one value per time step. A percentile is null if there
 * were no requests in the step.
 */
export type RouterSeries = {
  readonly requests: readonly number[];
  readonly errors: readonly number[];
  readonly degraded: readonly number[];
  readonly rejected: readonly number[];
} & Percentiles;

export type SubgraphSeries = {
  readonly calls: readonly number[];
  readonly errors: readonly number[];
  /** Number of responses in which data of this subgraph is missing, stale or a fallback. */
  readonly degraded: readonly number[];
  /** Mean number of calls to the subgraph in flight. */
  readonly inFlight: readonly number[];
  /** Total time in milliseconds that all calls of a time step waited for a connection. */
  readonly waitedMs: readonly number[];
} & Percentiles;

export type Percentiles = {
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
};

/** Response to `GET history`: the last events of the router, the newest one first. */
export type HistoryResult = { readonly events: readonly ConsoleEvent[] };

export type EventKind =
  | 'supergraph activated'
  | 'supergraph rejected'
  | 'canary started'
  | 'canary rolled back'
  | 'configuration changed'
  | 'configuration rejected'
  | 'breaker changed'
  | 'command';

export type ConsoleEvent = {
  readonly at: string;
  readonly kind: EventKind;
  /** Description of the event in one sentence. */
  readonly text: string;
  /** Details of the event, such as `generation`, `reasons`, `subgraph`, `who`, `address` and `reason`. */
  readonly data: Readonly<Record<string, unknown>>;
};

/** Response to `GET config`: every value of the running configuration. */
export type ConfigResult = readonly ConfigValue[];

export type ConfigValue = {
  /** Path of the configuration key, such as `traffic.all.timeoutMs`. */
  readonly key: string;
  /** Current value of the key; `***` for a secret. */
  readonly value: unknown;
  /** Where the value comes from: `default`, `FILE:LINE` or `env:NAME`. */
  readonly source: string;
  /** Variables and files that the value refers to with `${…}`, such as `env.PORT` for `${env.PORT:-4000}`. */
  readonly references?: readonly string[];
};

/** Body of `POST breakers/SUBGRAPH`, which forces the state of a circuit breaker or releases it (`auto`). */
export type BreakerAction = {
  readonly state: 'open' | 'closed' | 'auto';
  /**
   * Coordinate (`Type.field`) of a field that has its own breaker; absent for the breaker of the whole
   * subgraph.
   */
  readonly field?: string;
  /** Why the operator sends the command, for the audit log. */
  readonly reason?: string;
};
