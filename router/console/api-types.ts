import type { RequestTrace } from '../request/request-trace.ts';

/**
 * Types of the JSON that the console API returns, one for each path below `/console/api/`. The page imports
 * only this file and `request-trace.ts`. Times of day are in ISO 8601, durations in milliseconds.
 *
 * If the port requires a role, an API call has the token of the operator in the header
 * `tributary-console-token` (without `Bearer`) or in `authorization: Bearer TOKEN`. `/console/graphql`
 * accepts only the former, because `authorization` there belongs to the operation. Operations of the page
 * have the client name `tributary-console` and are not recorded as usage.
 */

/** Body of every response with an error status. */
export type ApiError = {
  readonly error: {
    readonly code: string;
    readonly message: string;
    /** Configuration key that enables what is missing. */
    readonly key?: string;
  };
};

/** `GET overview`. */
export type Overview = {
  readonly product: 'Tributary';
  readonly version: string;
  readonly mode: 'development' | 'production';
  /** Graph and variant of the registry that the router follows, such as `shop@production`; otherwise null. */
  readonly graph: string | null;
  /** Path of GraphQL on the client port. */
  readonly graphqlPath: string;
  /** Path on the origin of the page to which it sends operations. */
  readonly graphqlUrl: string;
  readonly supergraph: { readonly id: string; readonly since: string; readonly source: string } | null;
  readonly health: { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Whether Apollo Sandbox is served at `/sandbox` of this port. */
  readonly sandbox: boolean;
  /** Whether the router follows a registry, to which `POST registry` forwards requests. */
  readonly registry: boolean;
  /** Accounts of `console.demoAccounts`; empty in production. */
  readonly demoAccounts: readonly DemoAccount[];
  /** Whether this caller may use actions such as `POST breakers/SUBGRAPH`. */
  readonly actions: boolean;
  /** Number of router processes whose results are merged. */
  readonly workers: number;
};

export type DemoAccount = { readonly email: string; readonly password: string; readonly role: string };

/** `GET state`: the state of each process. Its content is that of `/state` of the admin port. */
export type StateResult = readonly Readonly<Record<string, unknown>>[];

/** `GET schema?version=ID`: the active supergraph, or one of the last versions. */
export type SchemaResult = {
  readonly version: string;
  /** Schema that clients see, as SDL. */
  readonly api: string;
  readonly supergraph: string;
  readonly subgraphs: readonly {
    readonly name: string;
    readonly sdl: string;
    /** Only on the admin port. */
    readonly url?: string;
  }[];
  /** The API schema of each contract. */
  readonly contracts: readonly { readonly name: string; readonly api: string }[];
  /** The last versions, the newest one first. */
  readonly versions: readonly SchemaVersion[];
};

export type SchemaVersion = {
  readonly id: string;
  readonly since: string;
  /** Time at which another version replaced it; null for the active one. */
  readonly until: string | null;
};

/** `GET usage`: requests of each coordinate since `from`. */
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

/** `GET usage?coordinate=Type.field`: the operations that use it. */
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

/** `GET operations`: operations of the manifests, and recorded ones. */
export type OperationsResult = {
  readonly manifest: readonly {
    readonly id: string;
    readonly name: string;
    readonly type: string;
    readonly body: string;
    /** Client whose manifest has the operation; null for the manifest of all clients. */
    readonly client: string | null;
  }[];
  /** Recorded operations, the most used one first; empty if operations are not recorded. */
  readonly recorded: readonly {
    readonly name: string | null;
    readonly signature: string;
    readonly type: string;
    readonly body: string;
    readonly calls: number;
    readonly lastSeen: string;
  }[];
};

/** Reason why a request is in the ring of recent requests. */
export type RequestKind = 'failed' | 'degraded' | 'slow' | 'sampled';

/** `GET requests?since=&operation=&client=&code=&subgraph=&kind=`: recent requests, the newest one first. */
export type RequestsResult = {
  readonly requests: readonly RecentRequest[];
  /** Duration from which a request is kept as slow. */
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
  /** Names of the subgraphs whose data is missing or stale. */
  readonly degraded: readonly string[];
  /** Names of the subgraphs that were called. */
  readonly subgraphs: readonly string[];
  /** The critical path in words. */
  readonly sentence: string;
};

/** `GET requests/ID`: a recent request with its trace. */
export type RequestResult = RecentRequest & {
  readonly trace: RequestTrace;
  /** The normalized document, without the values of literals. */
  readonly document: string | null;
};

/** `GET series?minutes=15`: figures for steps of equal length, the oldest step first. */
export type SeriesResult = {
  readonly stepMs: number;
  /** Begin of the first step. */
  readonly from: string;
  readonly router: RouterSeries;
  /** By name of the subgraph. */
  readonly subgraphs: Readonly<Record<string, SubgraphSeries>>;
  /**
   * Milliseconds on the critical paths of all requests of a step, by name of the subgraph. `router` is the
   * share of the router itself.
   */
  readonly criticalPath: Readonly<Record<string, readonly number[]>>;
  readonly events: readonly ConsoleEvent[];
};

/** One list for each figure, with a value for each step. A percentile is null if there were no requests. */
export type RouterSeries = {
  readonly requests: readonly number[];
  readonly errors: readonly number[];
  readonly degraded: readonly number[];
  readonly rejected: readonly number[];
} & Percentiles;

export type SubgraphSeries = {
  readonly calls: readonly number[];
  readonly errors: readonly number[];
  /** Responses whose data of this subgraph is missing, stale or a fallback. */
  readonly degraded: readonly number[];
  /** Mean number of calls in flight. */
  readonly inFlight: readonly number[];
  /** Sum of the waits of all calls of a step for a connection. */
  readonly waitedMs: readonly number[];
} & Percentiles;

export type Percentiles = {
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
};

/** `GET history`, the newest event first. */
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
  /** One sentence. */
  readonly text: string;
  /** Data of the event, such as `generation`, `reasons`, `subgraph`, `who`, `address` and `reason`. */
  readonly data: Readonly<Record<string, unknown>>;
};

/** `GET config`: every value of the running configuration. */
export type ConfigResult = readonly ConfigValue[];

export type ConfigValue = {
  /** Path of the key, such as `traffic.all.timeoutMs`. */
  readonly key: string;
  /** `***` for a secret. */
  readonly value: unknown;
  /** `default`, `FILE:LINE` or `env:NAME`. */
  readonly source: string;
  /** Names in the `${…}` of the value in the file, such as `env.PORT` for `${env.PORT:-4000}`. */
  readonly references?: readonly string[];
};

/** Body of `POST breakers/SUBGRAPH`. */
export type BreakerAction = {
  readonly state: 'open' | 'closed' | 'auto';
  /** Coordinate of a field; absent for the breaker of the whole subgraph. */
  readonly field?: string;
  /** Reason of the operator, for the audit log. */
  readonly reason?: string;
};
