import { GraphQLError } from 'graphql';
import { expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { RouterError } from '../../router/shared/errors.ts';
import { createHealth } from '../../router/http/health.ts';
import { listen } from '../../router/http/http-server.ts';
import { createReadDocument } from '../../router/apollo/read-document.ts';
import type { DocumentServer } from '../../router/apollo/read-document.ts';
import { createExecution } from '../../router/operation/execute-operation.ts';
import { createReferenceExecution } from '../differential/reference/execution.ts';
import { scheduleTimer } from '../../router/shared/schedule.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { GraphQLResponse } from '../support/graphs/small-graph.ts';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

const UUID = expect.stringMatching(/^[\da-f-]{36}$/);

function recorded() {
  const config = parseConfig('listen: { port: 0 }', {
    env: {},
    fileName: 'router.yaml',
    directory: '/nowhere',
  });
  const lines: Record<string, unknown>[] = [];
  const telemetry = createTelemetry(config.telemetry, {
    destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
  });
  const line = (id: unknown) => JSON.stringify(lines.find(({ errorId }) => errorId === id));
  return { config, telemetry, line };
}

test.each([
  ['that is a bug', new TypeError('the secret is 42')],
  ['that is not for clients', new RouterError('INTERNAL_SERVER_ERROR', 'the secret is 42')],
])('an error %s is returned with an id of its own, by which it is found in the log', async (_, error) => {
  const { config, telemetry, line } = recorded();
  await using server = await listen(config, {
    telemetry,
    health: createHealth(() => []),
    monotonic: () => 0,
    now: Date.now,
    schedule: scheduleTimer,
    checkHead: () => undefined,
    checkBody: () => undefined,
    clientAddress: () => '127.0.0.1',
    handle: () => Promise.reject(error),
  });
  const ask = async () => {
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'chosen-by-the-client' },
      body: '{"query":"{ a }"}',
    });
    expect(response.status).toBe(500);
    return (await response.json()) as GraphQLResponse;
  };
  const ids = [await ask(), await ask()].map(({ errors = [] }) => {
    expect(errors).toEqual([
      {
        message: 'Internal error of the router. The log has the cause under the id in `extensions.id`.',
        extensions: { code: 'INTERNAL_SERVER_ERROR', id: UUID, requestId: 'chosen-by-the-client' },
      },
    ]);
    return errors[0]?.extensions['id'];
  });
  expect(new Set(ids).size).toBe(2);
  for (const id of ids) expect(line(id)).toContain('the secret is 42');
});

test('masks an error of Apollo Server that is not about the document, too', async () => {
  const server: DocumentServer = {
    executeOperation: async (_, { contextValue }) => {
      contextValue.result.errors = [new GraphQLError('the secret is 42')];
    },
  };
  const error: unknown = await createReadDocument(server, { tokens: 100 })('{ a }', undefined).catch(
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RouterError)) throw new Error('a RouterError was expected');
  expect(error.publicExtensions).toEqual({ code: 'INTERNAL_SERVER_ERROR' });
  expect(JSON.stringify([error.publicMessage, error.listed])).not.toContain('secret');
  expect(error.cause).toMatchObject({ message: 'the secret is 42' });
});

const REPORTED = {
  message: 'the balance of Ada is 3',
  path: ['book'],
  extensions: { code: 'CONFLICT', reason: 'BUSY', table: 'accounts', id: 'its-own' },
};

async function respondWith(config: string) {
  await using stub = await startStubSubgraph(() => json({ data: { book: null }, errors: [REPORTED] }));
  await using graph = await startSmallGraph({
    services: { books: { sdl: 'type Query { book: String }', resolvers: {} } },
    config: `traffic: { subgraphs: { books: { urls: ["${stub.url}"] } } }\n${config}`,
  });
  const responses = [await graph.query('{ book }'), await graph.query('{ book }')];
  return { responses, log: [...graph.log] };
}

test('only the extensions on the list are sent to clients', async () => {
  const { responses } = await respondWith('response: { errorExtensions: [reason] }');
  const { message, path } = REPORTED;
  const error = { message, path, extensions: { code: 'CONFLICT', service: 'books', reason: 'BUSY' } };
  expect(responses).toEqual([
    { data: { book: null }, errors: [error] },
    { data: { book: null }, errors: [error] },
  ]);
});

test('the messages of subgraphs can be kept in the log, with the id that the response contains', async () => {
  const { responses, log } = await respondWith(
    'response: { errorExtensions: [id], subgraphErrorMessages: mask }',
  );
  for (const { errors } of responses) {
    expect(errors).toEqual([
      {
        message: 'The service reported an error.',
        path: ['book'],
        extensions: { code: 'CONFLICT', service: 'books', id: UUID },
      },
    ]);
    const id = errors?.[0]?.extensions['id'];
    expect(log.find(({ errorId }) => errorId === id)).toMatchObject({
      subgraph: 'books',
      messages: [REPORTED.message],
    });
  }
});

const EXCEPTIONS = [
  { message: 'relation "accounts" does not exist', extensions: { code: 'INTERNAL_SERVER_ERROR' } },
  { message: 'password of ada is wrong', path: ['book'] },
  { message: 'ECONNREFUSED db-3', extensions: { code: 500 } },
];
const DECLARED = { message: 'sold out', path: ['book'], extensions: { code: 'SOLD_OUT' } };

test.for([
  ['of the router', createExecution],
  ['of Apollo Gateway', createReferenceExecution],
] as const)(
  'in production the messages of exceptions are in the log and not in the response: executor %s',
  async ([, executor]) => {
    await using stub = await startStubSubgraph(() =>
      json({ data: { book: null }, errors: [DECLARED, ...EXCEPTIONS] }),
    );
    const start = (config: string) =>
      startSmallGraph({
        services: { books: { sdl: 'type Query { book: String }', resolvers: {} } },
        parts: { createExecution: executor },
        config: `traffic: { subgraphs: { books: { urls: ["${stub.url}"] } } }\n${config}`,
      });
    await using graph = await start('mode: production');
    for (const _ of ['first request', 'second request']) {
      const response = await graph.query('{ book }');
      expect(response.errors).toHaveLength(4);
      expect(JSON.stringify(response)).not.toMatch(/accounts|password|ECONNREFUSED/);
      const ids = response.errors?.map(({ extensions }) => extensions['id']);
      const logged = graph.log.filter(({ errorId }) => errorId !== undefined && ids?.includes(errorId));
      for (const secret of ['accounts', 'password', 'ECONNREFUSED'])
        expect(JSON.stringify(logged)).toContain(secret);
    }
    await using open = await start('mode: development');
    expect(JSON.stringify(await open.query('{ book }'))).toContain('password of ada');
  },
);

test('masking exceptions leaves errors with other codes unchanged', async () => {
  await using stub = await startStubSubgraph(() =>
    json({ data: { book: null }, errors: [DECLARED, ...EXCEPTIONS] }),
  );
  await using graph = await startSmallGraph({
    services: { books: { sdl: 'type Query { book: String }', resolvers: {} } },
    config: `
      traffic: { subgraphs: { books: { urls: ["${stub.url}"] } } }
      response: { subgraphErrorMessages: mask-internal }`,
  });
  const { errors = [] } = await graph.query('{ book }');
  const masked = (code: string) => ({
    message: 'The service reported an error.',
    path: ['book'],
    extensions: { code, service: 'books', id: UUID },
  });
  expect(errors).toEqual([
    { ...DECLARED, extensions: { code: 'SOLD_OUT', service: 'books' } },
    masked('INTERNAL_SERVER_ERROR'),
    masked('SUBGRAPH_ERROR'),
    masked('SUBGRAPH_ERROR'),
  ]);
  const line = graph.log.find(({ errorId }) => errorId === errors[1]?.extensions['id']);
  expect(line).toMatchObject({ subgraph: 'books', messages: EXCEPTIONS.map(({ message }) => message) });
});

test('the executor of Apollo Gateway is rejected in the configuration, and the default is reported to have no effect', async () => {
  const read = (text: string) =>
    parseConfig(text, { env: {}, fileName: 'router.yaml', directory: '/nowhere' });
  expect(() => read('mode: production\nexecution: apollo')).toThrow(
    'router.yaml:2: execution: remove this key',
  );
  await using graph = await startSmallGraph({
    services: { books: { sdl: 'type Query { book: String }', resolvers: {} } },
    config: 'execution: compiled',
  });
  expect(graph.log.map(({ msg }) => msg)).toContain(
    'configuration key `execution` has no effect, remove it from router.yaml',
  );
});
