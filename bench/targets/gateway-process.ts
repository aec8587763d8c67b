import { freePort } from '../../test/support/servers/free-port.ts';
import type { Operation } from '../graph/supergraph.ts';
import { startAndWait } from '../harness/program.ts';
import type { Program } from '../harness/program.ts';
import type { RunningTarget, BenchEnvironment } from './target.ts';

export type GatewayProcess = Omit<Program, 'core' | 'logFile'> & {
  /** Path of the GraphQL endpoint. Default: /graphql. */
  readonly path?: string;
  /** Access tokens of the callers. Default: one caller without a token. */
  readonly tokens?: readonly string[];
  /** Default: whether the endpoint serves a query. */
  readonly isServing?: () => Promise<boolean>;
  /** Returns the HTTP request for an operation. Default: a POST to the endpoint. */
  readonly requestFor?: (operation: Operation, token: string | undefined) => string;
};

/** Starts a gateway on a free port and waits until it serves requests. */
export async function startGateway(
  name: string,
  environment: BenchEnvironment,
  gatewayOn: (port: number) => GatewayProcess,
): Promise<RunningTarget> {
  const port = await freePort();
  const { path = '/graphql', tokens = [undefined], ...gateway } = gatewayOn(port);
  const {
    isServing = () => servesQueries(`http://127.0.0.1:${port}${path}`),
    requestFor = (operation, token) => graphqlRequest(path, operation, token),
    ...program
  } = gateway;
  const logFile = environment.logFile(name);
  const running = await startAndWait({ ...program, core: 'gateway', logFile }, isServing);
  return {
    pid: running.pid,
    port,
    requestsFor: (operation) => tokens.map((token) => requestFor(operation, token)),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

async function servesQueries(url: string): Promise<boolean> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ __typename }"}',
    signal: AbortSignal.timeout(2_000),
  });
  return response.status === 200 && (await response.text()).includes('Query');
}

function graphqlRequest(path: string, operation: Operation, token: string | undefined): string {
  const body = JSON.stringify(operation);
  return [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    'accept: application/json',
    ...(token === undefined ? [] : [`authorization: Bearer ${token}`]),
    `content-length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
