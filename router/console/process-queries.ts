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

/** Parameters of the queries that the console server sends to each router process, by name of the query. */
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

/** Results of the console's queries for one router process, by name of the query. */
export type ProcessResults = {
  readonly overview: Pick<Overview, 'supergraph' | 'health'>;
  readonly state: StateResult[number];
  /** Schemas of the requested supergraph version; undefined if the process no longer has it. */
  readonly schema: SchemaResult | undefined;
  readonly manifest: OperationsResult['manifest'];
  readonly history: HistoryResult['events'];
  readonly requests: readonly RecentRequest[];
  /** The requested entry of the list of recent requests; undefined if the process does not have it. */
  readonly request: RequestResult | undefined;
  readonly series: readonly StepFigures[];
  readonly config: ConfigResult;
  /** Result of the check whether the sent token has the required role. */
  readonly operator: OperatorAccess;
};

export type QueryName = keyof ProcessQueries;

type Nothing = Readonly<Record<string, never>>;

/** Runs a query of the console in this router process. */
export type RunQuery = <Name extends QueryName>(
  name: Name,
  query: ProcessQueries[Name],
) => Promise<ProcessResults[Name]>;

/**
 * Runs queries of the console in all processes of the router. Processes that do not respond in time are left
 * out.
 */
export type QueryProcesses = {
  readonly all: <Name extends QueryName>(
    name: Name,
    query: ProcessQueries[Name],
  ) => Promise<readonly ProcessResults[Name][]>;
  /**
   * Runs a query whose result is the same in all processes. Returns the first response; undefined if no
   * process responds.
   */
  readonly one: <Name extends QueryName>(
    name: Name,
    query: ProcessQueries[Name],
  ) => Promise<ProcessResults[Name] | undefined>;
};

/** Creates the `QueryProcesses` of a router that has only one process. */
export function querySingle(run: RunQuery): QueryProcesses {
  return { all: async (name, query) => [await run(name, query)], one: run };
}
