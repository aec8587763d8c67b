import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { ERRORS } from '../../router/errors.ts';
import { LIBRARY, startSmallGraph } from '../support/small-graph.ts';
import { startStubSubgraph } from '../support/stub-subgraph.ts';
import type { Case } from './cases.ts';
import { SECRETS } from './subgraph-answers.ts';

export type Target = AsyncDisposable & {
  /** Sends the case over HTTP; what is wrong with the answer or with the process afterwards. */
  readonly faultsOf: (next: Case) => Promise<readonly string[]>;
};

const LONGEST_MS = 5_000;

/** One real router, whose subgraphs answer what the case says. */
export async function startTarget(): Promise<Target> {
  await using built = new AsyncDisposableStack();
  let current: Case['subgraph'] = { status: 200, type: 'application/json', body: '{}' };
  const { url } = built.use(
    await startStubSubgraph(() => (response) => {
      response.writeHead(current.status, { 'content-type': current.type, 'set-cookie': 'secret-host=1' });
      response.end(current.body);
    }),
  );
  const failures: string[] = [];
  const traffic = `traffic: { all: { breaker: { enabled: false }, retries: 0, timeoutMs: 1000 }, subgraphs: { books: { urls: ["${url}"] }, reviews: { urls: ["${url}"] } } }`;
  const write = (line: string) =>
    void (line.startsWith('{"level":"error"') && failures.push(line.slice(0, 1_000)));
  const config = `${traffic}\nlisten: { requestTimeoutMs: 2000, headersTimeoutMs: 2000, trustedProxies: [127.0.0.1] }`;
  const graph = built.use(await startSmallGraph({ services: LIBRARY, config, parts: { log: { write } } }));
  const onUnhandled = (reason: unknown) => void failures.push(`unhandled rejection: ${String(reason)}`);
  process.on('unhandledRejection', onUnhandled);
  built.defer(() => void process.off('unhandledRejection', onUnhandled));
  const owned = built.move();
  const router = new URL(graph.router.url);
  return {
    async faultsOf(next) {
      current = next.subgraph;
      const begin = performance.now();
      const answer = await send(router, next);
      const ms = performance.now() - begin;
      return [
        ...(ms > LONGEST_MS ? [`took ${ms.toFixed(0)} ms`] : []),
        ...answerFaults(answer, next, url),
        ...Object.keys(Object.prototype).map((key) => `Object.prototype has ${key}`),
        ...failures.splice(0),
      ];
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function send({ hostname, port }: URL, { request, isWhole }: Case): Promise<string> {
  const socket = connect(Number(port), hostname);
  // A reset is an answer too: `text` then rejects.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(Buffer.from(request, 'latin1'));
  // Node gives up a request whose client closes its side; half a request would be waited for.
  const finished = setTimeout(() => isWhole || socket.end(), 10);
  const silent = setTimeout(() => socket.destroy(), LONGEST_MS + 1_000);
  const answer = await text(socket).catch(() => '');
  clearTimeout(silent);
  clearTimeout(finished);
  return answer;
}

function answerFaults(answer: string, { isWhole, request }: Case, stubUrl: string): readonly string[] {
  if (answer === '') return isWhole ? ['was not answered'] : [];
  const [head = '', ...rest] = answer.split('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  const faults: string[] = [];
  if (!(status >= 200 && status < 500)) faults.push(`status ${status}: ${answer.slice(-300)}`);
  if (SECRETS.test(answer) || answer.includes(new URL(stubUrl).host)) faults.push('a secret leaked');
  // Mutated bytes may hold a second request; the first answer's form was checked often enough.
  if (!isWhole || /^(?:GET \/ |OPTIONS )/.test(request) || status === 204) return faults;
  return [...faults, ...bodyFaults(head, rest.join('\r\n\r\n'))];
}

function bodyFaults(head: string, body: string): readonly string[] {
  if (!/^content-type: application\/(?:json|graphql-response\+json)/im.test(head)) return ['is not JSON'];
  try {
    const { data, errors }: { data?: unknown; errors?: unknown } = JSON.parse(body);
    if (errors === undefined) return data === undefined ? ['has neither data nor errors'] : [];
    return Array.isArray(errors) && errors.length > 0
      ? errors.flatMap(errorFaults)
      : ['has no errors in errors'];
  } catch {
    return ['has a body that is no JSON'];
  }
}

function errorFaults(error: { message?: unknown; extensions?: { code?: unknown } }): readonly string[] {
  if (typeof error.extensions?.code !== 'string') return ['has an error without a code'];
  return error.message === ERRORS.INTERNAL_SERVER_ERROR.meaning ? ['made the router fail'] : [];
}
