import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { callSigned, testIssuer, testKey, testServiceKeys } from './shop-subgraph.ts';
import type { CallOptions, GraphQLResult } from './shop-subgraph.ts';

export type SubgraphProcess = AsyncDisposable & {
  readonly call: (query: string, options?: CallOptions) => Promise<GraphQLResult>;
  /** Ends the process with a signal and returns its exit code. */
  readonly stop: (signal: NodeJS.Signals) => Promise<number | null>;
  readonly port: number;
  /** Its output to stderr, when it has exited. */
  readonly ended: Promise<string>;
};

export type FailedStart = { readonly exitCode: number | null; readonly stderr: string };

/** Starts a subgraph as its own process on a free port and waits until it is ready. */
export async function startSubgraphProcess(
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<SubgraphProcess> {
  const child = spawnSubgraph(name, environment);
  const stderr = textOf(child.stderr);
  const url = await readUrl(child);
  if (url === null) throw new Error(`${name} did not start: ${await stderr}`);
  const stop = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    }
    return child.exitCode;
  };
  return {
    port: Number(new URL(url).port),
    ended: stderr,
    call: (query, options = {}) => callSigned(url, name, { query, now: Date.now, ...options }),
    stop,
    [Symbol.asyncDispose]: async () => void (await stop('SIGKILL')),
  };
}

/** Starts a subgraph that is expected to exit before it is ready, and returns its output. */
export async function failToStart(
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<FailedStart> {
  const child = spawnSubgraph(name, environment);
  const stderr = textOf(child.stderr);
  if ((await readUrl(child)) !== null) {
    child.kill('SIGKILL');
    throw new Error(`${name} has started`);
  }
  if (child.exitCode === null) await once(child, 'exit');
  return { exitCode: child.exitCode, stderr: await stderr };
}

// A test that is aborted never stops its subgraphs; they exit with the process of the test.
const EXIT_WITH_PARENT = new URL('../../../bin/start/exit-with-parent.ts', import.meta.url).href;

function spawnSubgraph(name: string, environment: Readonly<Record<string, string>>): ChildProcess {
  const server = fileURLToPath(new URL(`../../../subgraphs/${name}/server.ts`, import.meta.url));
  return spawn(process.execPath, ['--import', EXIT_WITH_PARENT, server], {
    env: {
      PORT: '0',
      IDENTITY_KEYS: `${testKey.id}:${testKey.secret}`,
      SERVICE_KEYS: testServiceKeys.map(({ id, secret }) => `${id}:${secret}`).join(','),
      ISSUER_URL: testIssuer,
      DEMO_LOGINS: 'true',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Ctrl-C signals only the test, which stops its processes in the right order.
    detached: true,
  });
}

async function textOf(stream: Readable | null): Promise<string> {
  return stream === null ? '' : text(stream);
}

/** Returns the URL from the log line of a ready subgraph; null if the subgraph exits before. */
async function readUrl(child: ChildProcess): Promise<string | null> {
  if (child.stdout === null) return null;
  const lines = createInterface({ input: child.stdout });
  const found = Promise.withResolvers<string | null>();
  // The listener stays, so that the pipe never fills up and stops the process.
  lines.on('line', (line) => {
    const { msg, url } = JSON.parse(line) as { msg: string; url?: string };
    if (msg === 'subgraph ready') found.resolve(url ?? null);
  });
  lines.on('close', () => found.resolve(null));
  return found.promise;
}
