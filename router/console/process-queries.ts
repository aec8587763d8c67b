import type { OperatorAccess } from '../admin/admin-server.ts';
import type {
  ConfigResult,
  HistoryResult,
  OperationsResult,
  Overview,
  RecentRequest,
  RequestResult,
  SchemaResult,
  StateResult,
} from './api-types.ts';
import type { StepFigures } from './live-series.ts';
import type { RequestFilter } from './request-ring.ts';

/** Parameters of the queries that the console sends to the processes of the router, by name of the query. */
export type ProcessQueries = {
  readonly overview: Nothing;
  readonly state: Nothing;
  readonly schema: { readonly version: string | undefined };
  readonly manifest: Nothing;
  readonly history: Nothing;
  readonly requests: RequestFilter;
  readonly request: { readonly id: string };
  readonly series: { readonly minutes: number };
  readonly config: Nothing;
  readonly operator: { readonly token: string; readonly address: string; readonly role: string };
};

/** Results of these queries for one process. */
export type ProcessResults = {
  readonly overview: Pick<Overview, 'supergraph' | 'health'>;
  readonly state: StateResult[number];
  /** Undefined if the process does not keep the version. */
  readonly schema: SchemaResult | undefined;
  readonly manifest: OperationsResult['manifest'];
  readonly history: HistoryResult['events'];
  readonly requests: readonly RecentRequest[];
  /** Undefined if the process does not keep the request. */
  readonly request: RequestResult | undefined;
  readonly series: readonly StepFigures[];
  readonly config: ConfigResult;
  /** Whether a token has the role of an operator. */
  readonly operator: OperatorAccess;
};

export type QueryName = keyof ProcessQueries;

type Nothing = Readonly<Record<string, never>>;

/** Runs a query in this process. */
export type RunQuery = <Name extends QueryName>(
  name: Name,
  query: ProcessQueries[Name],
) => Promise<ProcessResults[Name]>;

/** Runs queries in the processes of the router. Processes that do not respond in time are left out. */
export type QueryProcesses = {
  readonly all: <Name extends QueryName>(
    name: Name,
    query: ProcessQueries[Name],
  ) => Promise<readonly ProcessResults[Name][]>;
  /** Runs a query whose result is the same in all processes. Returns undefined if none responds. */
  readonly one: <Name extends QueryName>(
    name: Name,
    query: ProcessQueries[Name],
  ) => Promise<ProcessResults[Name] | undefined>;
};

/** Runs queries in a router that is a single process. */
export function querySingle(run: RunQuery): QueryProcesses {
  return { all: async (name, query) => [await run(name, query)], one: run };
}
