import { freePort } from '../../test/support/free-port.ts';
import type { Question } from '../graph/supergraph.ts';
import { startProgram, untilReady } from '../harness/program.ts';
import type { Program } from '../harness/program.ts';
import type { RunningContestant, Stage } from './contestant.ts';

export type GatewayProcess = Omit<Program, 'core' | 'logFile'> & {
  readonly path?: string;
  /** Of the callers; one without any when absent. */
  readonly tokens?: readonly string[];
};

/** Starts a GraphQL gateway on a free port and waits until it answers. */
export async function startGateway(
  name: string,
  stage: Stage,
  gatewayOn: (port: number) => GatewayProcess | Promise<GatewayProcess>,
): Promise<RunningContestant> {
  const port = await freePort();
  const { path = '/graphql', tokens = [undefined], ...program } = await gatewayOn(port);
  const running = startProgram({ ...program, core: 'gateway', logFile: stage.logFile(name) });
  try {
    await untilReady(running, () => answers(`http://127.0.0.1:${port}${path}`));
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
  return {
    pid: running.pid,
    port,
    requestsFor: (question) => tokens.map((token) => graphqlRequest(path, question, token)),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ __typename }"}',
    signal: AbortSignal.timeout(2_000),
  });
  return response.status === 200 && (await response.text()).includes('Query');
}

function graphqlRequest(path: string, question: Question, token: string | undefined): string {
  const body = JSON.stringify(question);
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
