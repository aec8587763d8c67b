import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { addressOf, listening } from '../../router/http/sockets/listeners.ts';
import type { Stall } from '../chaos/history.ts';
import { watchStalls } from '../chaos/stalls.ts';
import { clientSchema } from '../support/graphs/client-schema.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { Case } from './cases.ts';
import { createResponseCheck } from './check-response.ts';
import type { Evaluation } from './check-response.ts';
import { LIBRARY } from './library.ts';

export type Target = AsyncDisposable & {
  /** Sends the case over HTTP; returns the faults of the response, or of the process afterwards. */
  readonly evaluate: (next: Case) => Promise<Evaluation>;
};

const LONGEST_MS = 5_000;
const SILENT_MS = 60_000;

/** Client, router and planner: on a busy machine each of them waits as long as this process did. */
const THREADS_ON_THE_WAY = 3;

/** Starts a real router, whose subgraphs send the responses of the case. */
export async function startTarget(): Promise<Target> {
  await using built = new AsyncDisposableStack();
  const subgraph = built.use(await startSubgraph());
  const failures: string[] = [];
  const traffic = `traffic: { all: { breaker: { enabled: false }, retries: 0, timeoutMs: 1000 }, subgraphs: { books: { urls: ["${subgraph.url}"] }, reviews: { urls: ["${subgraph.url}"] } } }`;
  const write = (line: string) =>
    void (line.startsWith('{"level":"error"') && failures.push(line.slice(0, 1_000)));
  const config = `${traffic}\nlisten: { requestTimeoutMs: 2000, headersTimeoutMs: 2000, trustedProxies: [127.0.0.1] }`;
  const graph = built.use(await startSmallGraph({ services: LIBRARY, config, parts: { log: { write } } }));
  const sdls = [...graph.services].map(([name, { sdl }]) => [name, sdl] as const);
  const check = createResponseCheck(clientSchema(sdls), new URL(subgraph.url).host);
  const onUnhandled = (reason: unknown) => void failures.push(`unhandled rejection: ${String(reason)}`);
  process.on('unhandledRejection', onUnhandled);
  built.defer(() => void process.off('unhandledRejection', onUnhandled));
  const stalls: Stall[] = [];
  built.use(watchStalls(stalls));
  const owned = built.move();
  const router = new URL(graph.router.url);
  return {
    async evaluate(next) {
      subgraph.respondAs(next);
      stalls.length = 0;
      const begin = performance.now();
      const response = await send(router, next);
      const ms = performance.now() - begin;
      const stalledMs = stalls.reduce((sum, stall) => sum + stall.ms, 0);
      const { kind, faults } = check(response, next);
      const others = [
        ...(ms > LONGEST_MS + THREADS_ON_THE_WAY * stalledMs ? [`took ${ms.toFixed(0)} ms`] : []),
        ...Object.keys(Object.prototype).map((key) => `Object.prototype has ${key}`),
        ...failures.splice(0),
      ];
      return { kind, faults: [...faults, ...others] };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Starts a subgraph that stores no requests, because a run sends a million of them. */
async function startSubgraph() {
  let current: Pick<Case, 'subgraph' | 'entities'> | undefined;
  const server = createServer((request, response) => void respond(request, response));
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const isForEntities = (await text(request).catch(() => '')).includes('_entities');
    const given = isForEntities ? current?.entities : current?.subgraph;
    response.writeHead(given?.status ?? 500, {
      'content-type': given?.type,
      'set-cookie': 'secret-host=1',
    });
    response.end(given?.body);
  };
  await listening(server, { host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${addressOf(server).port}/graphql`,
    respondAs(next: Pick<Case, 'subgraph' | 'entities'>) {
      current = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function send({ hostname, port }: URL, { request, isWhole }: Case): Promise<string> {
  const socket = connect(Number(port), hostname);
  // A reset is a valid response, too: `text` then rejects.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(Buffer.from(request, 'latin1'));
  // Node aborts a request whose client closes its side; otherwise it would wait for the rest of half a
  // request.
  const finished = setTimeout(() => isWhole || socket.end(), 10);
  const silent = setTimeout(() => socket.destroy(), SILENT_MS);
  const response = await text(socket).catch(() => '');
  clearTimeout(silent);
  clearTimeout(finished);
  return response;
}
