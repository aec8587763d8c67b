import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { Config } from '../config/config-schema.ts';
import { createAdminGuard } from './admin-guard.ts';
import type { AdminGuard } from './admin-guard.ts';
import { metricsResponse } from './metrics-response.ts';
import { respondToCommand } from './breaker-command.ts';
import type { CommandParts } from './breaker-command.ts';
import type { ClientResponse } from '../request/client-request.ts';
import type { ServePaths } from '../http/request-path.ts';
import { pathOf } from '../http/request-path.ts';
import { healthResponse, isHealthPath } from '../http/health.ts';
import { hostFault } from '../http/host-header.ts';
import { serverOptions, urlAt } from '../http/http-server.ts';
import { openPort } from '../http/sockets/listeners.ts';
import { createMalformedRequestHandler } from '../http/malformed-request.ts';
import type { SupergraphStatus } from '../telemetry/supergraph-status.ts';
import { SECURITY_HEADERS } from '../http/standing-headers.ts';
import { toUsageManifest } from '../usage/usage-json.ts';
import type { UsageJson } from '../usage/usage-json.ts';

/** State of a router, as the admin port reports it. */
export type Inspection = {
  readonly metrics: Registry;
  /** The active supergraph, its subgraphs and their circuit breakers. */
  readonly state: unknown;
  /** Reasons why the router is not ready; empty if it is ready. */
  readonly unready: readonly string[];
  /** For each process of the router: its active supergraph, and the last supergraph that it rejected. */
  readonly supergraphs: readonly SupergraphStatus[];
};

/** Result of the check whether a request to the admin port comes from an operator. */
export type OperatorAccess =
  | { readonly kind: 'accepted'; readonly user: string }
  | {
      readonly kind: 'rejected';
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly headers: Readonly<Record<string, string>>;
    };

export type CheckOperator = (request: IncomingMessage) => Promise<OperatorAccess>;

export type AdminParts = CommandParts & {
  /** Checks the operator's token in requests that force a circuit breaker or read `/state` or `/usage`. */
  readonly checkOperator: CheckOperator;
  readonly inspect: () => Promise<Inspection>;
  /**
   * Responds to requests for the console; returns undefined for other paths. The function is absent if the
   * console is disabled.
   */
  readonly serveConsole?: ServePaths | undefined;
  /** Returns the operations that the router has recorded as usage; undefined if `usage` is disabled. */
  readonly usage: () => Promise<UsageJson | undefined>;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
};

/**
 * Serves metrics, health, state and commands to circuit breakers on a separate port that clients cannot
 * reach.
 */
export async function listenAdmin(
  { admin: config, ...limits }: Pick<Config, 'admin' | 'listen' | 'limits'>,
  parts: AdminParts,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(serverOptions(limits));
  server.keepAliveTimeout = limits.listen.keepAliveTimeoutMs;
  server.on('clientError', createMalformedRequestHandler(ADMIN_HEADERS));
  const { address, port, close } = await openPort(server, { ...config, handles: HANDLES });
  const guard = createAdminGuard({ host: config.host, address });
  const respond = (request: IncomingMessage, response: ServerResponse) => {
    void route(request, guard, parts)
      .catch(failed)
      .then(({ status, headers, body }) =>
        response.writeHead(status, { ...ADMIN_HEADERS, ...headers }).end(body),
      );
  };
  server.on('request', respond);
  // By default, Node rejects an unknown value of the `Expect` header with an empty 417. The router ignores
  // the header, as RFC 9110 section 10.1.1 permits.
  server.on('checkExpectation', respond);
  return {
    url: urlAt({ ...config, port }),
    [Symbol.asyncDispose]: () => close(0),
  };
}

/**
 * Number of listening sockets for the admin port. Node accepts one connection per socket in each turn of the
 * event loop, so a few sockets suffice for probes, metrics collectors and operators.
 */
const HANDLES = 16;

const ADMIN_HEADERS = { ...SECURITY_HEADERS, 'cache-control': 'no-store' };
const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

async function route(
  request: IncomingMessage,
  guard: AdminGuard,
  parts: AdminParts,
): Promise<ClientResponse> {
  const fault = hostFault(request);
  if (fault !== undefined) return rejected(400, fault);
  const consoleResponse = await parts.serveConsole?.(request, pathOf(request.url));
  if (consoleResponse !== undefined) return consoleResponse;
  const foreign = guard(request.headers);
  if (foreign !== undefined) return rejected(403, foreign);
  return (await publicResponse(request, parts)) ?? operatorResponse(request, parts);
}

/**
 * Responds to requests of metrics scrapers and health probes, which send no token. These responses contain
 * neither users nor addresses of subgraphs. Returns undefined for other paths.
 */
async function publicResponse(
  { url, headers }: IncomingMessage,
  { inspect, now }: AdminParts,
): Promise<ClientResponse | undefined> {
  const path = pathOf(url);
  if (path === '/metrics') return metricsResponse((await inspect()).metrics, headers.accept);
  if (!isHealthPath(path)) return undefined;
  const { unready, supergraphs } = await inspect();
  return healthResponse(path, { unready, now: now(), details: { supergraph: single(supergraphs) } });
}

/**
 * Responds to requests of operators. The token is checked before the path is looked up, so that paths which
 * are added to the code later are protected too.
 */
async function operatorResponse(request: IncomingMessage, parts: AdminParts): Promise<ClientResponse> {
  const operator = await parts.checkOperator(request);
  if (operator.kind === 'rejected') return rejected(operator.status, operator.message, operator.headers);
  const commandResponse = await respondToCommand(request, { ...parts, who: operator.user });
  if (commandResponse !== undefined) return commandResponse;
  const path = pathOf(request.url);
  if (path === '/usage') return usageResponse(await parts.usage());
  if (path !== '/state') return notFound();
  const { state } = await parts.inspect();
  return { status: 200, headers: JSON_HEADERS, body: JSON.stringify(state, null, 2) };
}

function usageResponse(usage: UsageJson | undefined): ClientResponse {
  if (usage === undefined) return rejected(404, 'operations are not recorded, set `usage.enabled: true`');
  return { status: 200, headers: JSON_HEADERS, body: JSON.stringify(toUsageManifest(usage), null, 2) };
}

function single<Item>(items: readonly Item[]): Item | readonly Item[] | undefined {
  return items.length === 1 ? items[0] : items;
}

function failed(): ClientResponse {
  return rejected(500, 'cannot read the state');
}

function notFound(): ClientResponse {
  return rejected(
    404,
    'paths: /console, /metrics, /state, /usage, /health, /livez, /readyz, /health/live, /health/ready, POST /breakers/SUBGRAPH',
  );
}

function rejected(
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): ClientResponse {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify({ error }) };
}
