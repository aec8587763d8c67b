import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { runBreakerCommand, subgraphIn } from '../../admin/breaker-command.ts';
import type { CommandParts } from '../../admin/breaker-command.ts';
import type { Config } from '../../config/config-schema.ts';
import type { ClientResponse } from '../../request/client-request.ts';
import { RouterError } from '../../shared/errors.ts';
import { packageVersion } from '../../telemetry/package-version.ts';
import type { UsageJson } from '../../usage/usage-json.ts';
import type { OperationsResult, Overview } from '../api-types.ts';
import type { EventLog } from '../event-log.ts';
import type { QueryProcesses } from '../process-queries.ts';
import { apiError, apiResponse } from './api-response.ts';
import type { ConsoleCaller, ConsolePort } from './console-access.ts';
import { mergeEvents, mergeOverviews } from './merge-results.ts';
import { coordinateResult, recordedOperations, usageResult } from './usage-results.ts';

/** Functions and data of the port that serves the console. */
export type ConsoleApiParts = CommandParts & {
  readonly port: ConsolePort;
  readonly processes: QueryProcesses;
  /** Returns the recorded operations of all processes; undefined if they are not recorded. */
  readonly usage: () => Promise<UsageJson | undefined>;
  readonly log: Logger;
  /** Commands that operators have sent to this port. */
  readonly commands: Pick<EventLog, 'list'>;
};

type Call = {
  readonly request: IncomingMessage;
  readonly query: URLSearchParams;
  readonly caller: ConsoleCaller;
};

type Get = (call: Call) => Promise<unknown>;

/** Handles a call of the API. The path is the one below `/console/api/`. */
export type HandleApi = (path: string, call: Call) => Promise<ClientResponse>;

/** Creates the handler of the console API for callers that may use it. */
export function createConsoleApi(config: Config, parts: ConsoleApiParts): HandleApi {
  const { processes, usage } = parts;

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
    async history() {
      const histories = await processes.all('history', {});
      return { events: mergeEvents([...histories, parts.commands.list()]) };
    },
    async config() {
      return (await processes.one('config', {})) ?? [];
    },
  };

  return async (path, call) => {
    const subgraph = subgraphIn(path, 'breakers/');
    if (subgraph !== undefined) return act(call, subgraph);
    const get = Object.hasOwn(gets, path) ? gets[path] : undefined;
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

function fixedOverview(
  config: Config,
  { port }: Pick<ConsoleApiParts, 'port'>,
): Omit<Overview, 'supergraph' | 'health' | 'actions'> {
  const { mode, listen, supergraph, sandbox } = config;
  const registry =
    supergraph.registry ?? supergraph.sources?.find((one) => one.registry !== undefined)?.registry;
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
