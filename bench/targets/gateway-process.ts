import { freePort } from '../../test/support/servers/free-port.ts';
import type { Operation } from '../graph/supergraph.ts';
import { startProgram, untilReady } from '../harness/program.ts';
import type { Program } from '../harness/program.ts';
import type { RunningTarget, BenchEnvironment } from './target.ts';

export type GatewayProcess = Omit<Program, 'core' | 'logFile'> & {
  readonly path?: string;
  /** Access tokens of the callers. Default: one caller without a token. */
  readonly tokens?: readonly string[];
};

/** Starts a GraphQL gateway on a free port and waits until it serves a query. */
export async function startGateway(
  name: string,
  environment: BenchEnvironment,
  gatewayOn: (port: number) => GatewayProcess | Promise<GatewayProcess>,
): Promise<RunningTarget> {
  const port = await freePort();
  const { path = '/graphql', tokens = [undefined], ...program } = await gatewayOn(port);
  const running = startProgram({ ...program, core: 'gateway', logFile: environment.logFile(name) });
  try {
    await untilReady(running, () => isServing(`http://127.0.0.1:${port}${path}`));
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
  return {
    pid: running.pid,
    port,
    requestsFor: (operation) => tokens.map((token) => graphqlRequest(path, operation, token)),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

async function isServing(url: string): Promise<boolean> {
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
