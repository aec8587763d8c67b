import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { nameAfter, runBreakerCommand } from '../../admin/breaker-command.ts';
import type { CommandParts } from '../../admin/breaker-command.ts';
import type { Config } from '../../config/config-schema.ts';
import type { ClientResponse } from '../../request/client-request.ts';
import { shortened } from '../../shared/error-message.ts';
import { RouterError } from '../../shared/errors.ts';
import { packageVersion } from '../../telemetry/package-version.ts';
import type { UsageJson } from '../../usage/usage-json.ts';
import type {
  HistoryResult,
  OperationsResult,
  Overview,
  RequestResult,
  RequestsResult,
} from '../api-types.ts';
import type { EventLog } from '../event-log.ts';
import type { QueryProcesses } from '../process-queries.ts';
import { MAX_LISTED } from '../request-ring.ts';
import type { RequestFilter } from '../request-ring.ts';
import { createRegistryProxy, registryOf } from './registry-proxy.ts';
import { seriesResult } from './series-result.ts';
import { apiError, apiResponse } from './api-response.ts';
import type { ConsoleCaller, ConsolePort } from './console-access.ts';
import { mergeEvents, mergeOverviews } from './merge-results.ts';
import { coordinateResult, recordedOperations, usageResult } from './usage-results.ts';

/** Functions and data that the console API gets from the router and from the port that serves the console. */
export type ConsoleApiParts = CommandParts & {
  readonly port: ConsolePort;
  readonly processes: QueryProcesses;
  /**
   * Returns the usage that all processes have recorded: operations, their clients and request counts.
   * Undefined if usage is not recorded.
   */
  readonly usage: () => Promise<UsageJson | undefined>;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly fetch: typeof fetch;
  readonly log: Logger;
  /** Commands that operators have sent to circuit breakers through this port, for the console's history. */
  readonly commands: Pick<EventLog, 'list'>;
};

type Call = {
  readonly request: IncomingMessage;
  readonly query: URLSearchParams;
  readonly caller: ConsoleCaller;
};

type Get = (call: Call) => Promise<unknown>;

/** Handles a request to the console API. `path` is the part below `/console/api/`. */
export type HandleApi = (path: string, call: Call) => Promise<ClientResponse>;

/** Creates the handler of the console API. Its requests must already have passed the access rules. */
export function createConsoleApi(config: Config, parts: ConsoleApiParts): HandleApi {
  const { processes, usage } = parts;
  const registry = createRegistryProxy(config, parts);

  const gets: Readonly<Record<string, Get>> = {
    async overview({ caller }) {
      const results = await processes.all('overview', {});
      return { ...fixedOverview(config, parts), ...mergeOverviews(results), actions: caller.mayAct };
    },
    state: () => processes.all('state', {}),
    async schema({ query }) {
      const version = query.get('version') ?? undefined;
      const result = await processes.one('schema', { version });
      if (result === undefined) throw new RouterError('NOT_FOUND', schemaMissing(version));
      if (parts.port === 'admin') return result;
      return { ...result, subgraphs: result.subgraphs.map(({ name, sdl }) => ({ name, sdl })) };
    },
    async usage({ query }) {
      const recorded = await usage();
      if (recorded === undefined)
        throw new RouterError('NOT_FOUND', 'operations are not recorded, set `usage.enabled: true`', {
          extensions: { key: 'usage.enabled' },
        });
      const coordinate = query.get('coordinate');
      return coordinate === null ? usageResult(recorded) : coordinateResult(recorded, coordinate);
    },
    async operations(): Promise<OperationsResult> {
      const [manifest = [], recorded] = await Promise.all([processes.one('manifest', {}), usage()]);
      return { manifest, recorded: recorded === undefined ? [] : recordedOperations(recorded) };
    },
    history: async () => ({ events: await events() }),
    async requests({ query }): Promise<RequestsResult> {
      const kept = await processes.all('requests', filterOf(query));
      return {
        requests: kept
          .flat()
          .toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))
          .slice(0, MAX_LISTED),
        slowMs: config.console.slowMs,
      };
    },
    async series({ query }) {
      const minutes = minutesOf(query.get('minutes'));
      return seriesResult({
        processes: await processes.all('series', { minutes }),
        minutes,
        now: parts.now(),
        events: await events(),
      });
    },
    async config() {
      return (await processes.one('config', {})) ?? [];
    },
  };

  async function events(): Promise<HistoryResult['events']> {
    const histories = await processes.all('history', {});
    return mergeEvents([...histories, parts.commands.list()]);
  }

  async function request(id: string): Promise<RequestResult> {
    const found = await processes.all('request', { id });
    const result = found.find((one) => one !== undefined);
    if (result === undefined)
      throw new RouterError('NOT_FOUND', `the request ${shortened(id)} is not among the recent ones`);
    return result;
  }

  return async (path, call) => {
    if (path === 'registry') return registry(call.request);
    const subgraph = nameAfter(path, 'breakers/');
    if (subgraph !== undefined) return act(call, subgraph);
    const id = nameAfter(path, 'requests/');
    const get = id === undefined ? getOf(path) : () => request(id);
    if (get === undefined) throw new RouterError('NOT_FOUND', `the console API has no path ${path}`);
    if (call.request.method !== 'GET')
      return apiError({
        status: 405,
        code: 'METHOD_NOT_ALLOWED',
        message: 'only GET is allowed for this path',
        headers: { allow: 'GET' },
      });
    return apiResponse(await get(call));
  };

  function getOf(path: string): Get | undefined {
    return Object.hasOwn(gets, path) ? gets[path] : undefined;
  }

  async function act({ request, caller }: Call, subgraph: string): Promise<ClientResponse> {
    if (!caller.mayAct)
      return apiError({
        status: 403,
        code: 'FORBIDDEN',
        message: 'actions are allowed on the admin port, or from the machine of a router with one process',
      });
    const outcome = await runBreakerCommand(request, subgraph, { ...parts, caller });
    return outcome.kind === 'applied' ? apiResponse(outcome.command) : apiError(outcome.error);
  }
}

const FILTERS = ['since', 'operation', 'client', 'code', 'subgraph', 'kind'] as const;

/**
 * Reads the conditions on recent requests from the query string.
 * @throws {RouterError} BAD_REQUEST if `since` is not a time
 */
function filterOf(query: URLSearchParams): RequestFilter {
  const filter: RequestFilter = Object.fromEntries(
    FILTERS.flatMap((name) => {
      const value = query.get(name);
      return value === null || value === '' ? [] : [[name, value]];
    }),
  );
  if (filter.since !== undefined && Number.isNaN(Date.parse(filter.since)))
    throw new RouterError('BAD_REQUEST', 'since must be a time in ISO 8601');
  return filter;
}

const DEFAULT_MINUTES = 15;

/**
 * Reads the number of minutes from the query string; 15 by default.
 * @throws {RouterError} BAD_REQUEST if the number is invalid or too large
 */
function minutesOf(text: string | null): number {
  const minutes = text === null ? DEFAULT_MINUTES : Number(text);
  if (minutes > 0 && minutes <= DEFAULT_MINUTES) return minutes;
  throw new RouterError('BAD_REQUEST', `minutes must be greater than 0 and at most ${DEFAULT_MINUTES}`);
}

function fixedOverview(
  config: Config,
  { port }: Pick<ConsoleApiParts, 'port'>,
): Omit<Overview, 'supergraph' | 'health' | 'actions'> {
  const { mode, listen, supergraph, sandbox } = config;
  const registry = registryOf(supergraph);
  const isDevelopment = mode === 'development';
  return {
    product: 'Tributary',
    version: packageVersion(),
    mode,
    graph: registry?.graph ?? null,
    graphqlPath: listen.path,
    graphqlUrl: port === 'admin' ? '/console/graphql' : listen.path,
    sandbox: port === 'client' && (sandbox.enabled ?? isDevelopment),
    registry: registry !== undefined,
    demoAccounts: isDevelopment ? config.console.demoAccounts : [],
    workers: config.workers,
  };
}

function schemaMissing(version: string | undefined): string {
  return version === undefined
    ? 'no supergraph is active'
    : `version ${version} is not among the last versions of the supergraph`;
}
