import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';
import { MisuseError } from '../../cli/command-spec.ts';
import { freePort } from '../support/servers/free-port.ts';
import { runVerb } from '../support/processes/run-verb.ts';

/** Verbs of a registry in front of everything that is no registry, and of keys that it rejects. */

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'tributary-registry-errors-'));
const cleanUp = new AsyncDisposableStack();
afterAll(() => cleanUp.disposeAsync());
cleanUp.defer(() => rmSync(folder, { recursive: true, force: true }));

const KEY = 'trib_abc_secret_thumb';

/** Starts a server that responds to every request in the same way, and returns its URL. */
async function serverThat(respond: RequestListener): Promise<string> {
  const server = createServer(respond);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function graphqlErrors(...errors: readonly unknown[]): RequestListener {
  return (_, response) => {
    response.writeHead(400, { 'content-type': 'application/graphql-response+json' });
    response.end(JSON.stringify({ errors }));
  };
}

const list = (url: string, ...more: readonly string[]) =>
  runVerb('subgraph', 'list', '--graph', 'shop@production', '--registry', url, '--key', KEY, ...more);

test('sends the key in the header and the query to /graphql, whether or not --registry names that path', async () => {
  const requests: unknown[] = [];
  const url = await serverThat((request, response) => {
    requests.push([request.url, request.headers.authorization]);
    response.setHeader('content-type', 'application/json');
    response.end('{"data":{"variant":{"subgraphs":[]}}}');
  });
  for (const path of ['', '/', '/graphql', '/registry/'])
    expect(await list(`${url}${path}`)).toMatchObject({ kind: 'success', data: { subgraphs: [] } });
  const header = `Bearer ${KEY}`;
  expect(requests).toEqual([
    ['/graphql', header],
    ['/graphql', header],
    ['/graphql', header],
    ['/registry/graphql', header],
  ]);
});

describe('a service that is no registry', () => {
  test.each<[string, RequestListener, string, RegExp]>([
    [
      'a proxy with an HTML page',
      (_, response) => {
        response.writeHead(502, { 'content-type': 'text/html; charset=utf-8' });
        response.end(`<html>Bad gateway for ${KEY}</html>`);
      },
      'NOT_A_REGISTRY',
      /\/graphql responded with HTTP status 502 and text\/html instead of GraphQL; a proxy may have responded/,
    ],
    [
      'JSON that is no GraphQL response',
      (_, response) => response.setHeader('content-type', 'application/json').end('{"ok":true}'),
      'NOT_A_REGISTRY',
      /HTTP status 200 and application\/json instead of GraphQL/,
    ],
    [
      'a redirect',
      (_, response) => response.writeHead(308, { location: 'https://registry.example/graphql' }).end(),
      'REGISTRY_REDIRECT',
      /redirects to https:\/\/registry\.example; name the registry itself with --registry/,
    ],
    [
      'a connection that ends early',
      (request) => request.socket.destroy(),
      'REGISTRY_UNREACHABLE',
      /^cannot reach the registry at http:\/\/127\.0\.0\.1:\d+ \(\w+\); check --registry/,
    ],
    [
      'no response at all',
      () => undefined,
      'REGISTRY_TIMEOUT',
      /did not respond within 0\.05 s; --timeout SECONDS changes the limit/,
    ],
    [
      'a registry of another version',
      graphqlErrors({ message: 'Cannot query field "routingUrl" on type "Subgraph".' }),
      'REGISTRY_VERSION',
      /is another version than this command: Cannot query field/,
    ],
    [
      'a response in another form',
      (_, response) =>
        response.setHeader('content-type', 'application/json').end('{"data":{"variant":{"subgraphs":7}}}'),
      'REGISTRY_VERSION',
      /another form than this version of tributary expects \(variant\.subgraphs\)/,
    ],
  ])('%s is reported in one line without the key', async (_, respond, code, message) => {
    const url = await serverThat(respond);
    const timeout = code === 'REGISTRY_TIMEOUT' ? ['--timeout', '0.05'] : [];
    const outcome = await list(url, ...timeout);
    expect(outcome).toMatchObject({ kind: 'failure', code, message: expect.stringMatching(message) });
    expect(JSON.stringify(outcome)).not.toContain(KEY);
  });

  test('a port that nobody listens on is reported with the reason', async () => {
    const closed = `http://127.0.0.1:${await freePort()}`;
    expect(await list(closed)).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: `cannot reach the registry at ${closed} (ECONNREFUSED); check --registry or TRIBUTARY_REGISTRY, and that the registry runs`,
    });
  });
});

describe('a rejection of the registry', () => {
  test.each([
    [
      'UNAUTHENTICATED',
      'the key 0a1b expired on 2026-11-27',
      'give a valid API key with --key FILE or TRIBUTARY_KEY',
    ],
    [
      'FORBIDDEN',
      'the key has role read, publish is needed',
      'an operator creates another key with `tributary key create`',
    ],
    ['NOT_FOUND', 'there is no launch 99', '`tributary launch list` shows those that there are'],
    ['INVALID_TOKEN', 'the bearer token is malformed', 'may be another service than a registry'],
    ['CONFLICT', 'another publish is in progress', ''],
  ])('%s keeps its code and message, and says what would be right', async (code, reason, advice) => {
    const url = await serverThat(graphqlErrors({ message: reason, extensions: { code } }));
    const outcome = await list(url);
    expect(outcome).toMatchObject({ code, message: expect.stringContaining(reason) });
    expect(outcome).toMatchObject({ message: expect.stringContaining(advice) });
  });

  test('a message that repeats the key does not show it', async () => {
    const url = await serverThat(
      graphqlErrors({ message: `the key ${KEY} is unknown`, extensions: { code: 'UNAUTHENTICATED' } }),
    );
    expect(await list(url)).toMatchObject({
      message: expect.stringMatching(/^the key KEY is unknown; give a valid/),
    });
  });

  test('a key that the registry does not know is reported in words of the command', async () => {
    const message = 'unknown key';
    const url = await serverThat(graphqlErrors({ message, extensions: { code: 'UNAUTHENTICATED' } }));
    expect(await list(url)).toMatchObject({
      message:
        'the registry does not know the API key; give a valid API key with --key FILE or TRIBUTARY_KEY',
    });
  });

  test('an unknown graph names the option', async () => {
    const url = await serverThat((_, response) => response.end('{"data":{"variant":null}}'));
    expect(await list(url)).toMatchObject({
      code: 'NOT_FOUND',
      message:
        'the registry has no variant shop@production, or the key is for another graph; check --graph GRAPH@VARIANT',
    });
  });
});

describe('misuse', () => {
  const key = ['--key', KEY];
  const registry = ['--registry', 'http://127.0.0.1:1'];
  const graph = ['--graph', 'shop@production'];
  const schema = ['--schema', join(folder, 'schema.graphql')];
  writeFileSync(join(folder, 'schema.graphql'), 'type Query { a: Int }');
  test.each([
    [
      ['subgraph', 'list', ...key, ...registry],
      'name the graph and variant with --graph GRAPH@VARIANT or TRIBUTARY_GRAPH',
    ],
    [['subgraph', 'list', ...key, ...graph], 'name the registry with --registry URL or TRIBUTARY_REGISTRY'],
    [['subgraph', 'list', ...graph, ...registry], 'give the API key with --key FILE or TRIBUTARY_KEY'],
    [
      ['subgraph', 'list', ...graph, '--registry', 'localhost:4010', ...key],
      '--registry must be a URL such as http://127.0.0.1:4010',
    ],
    [
      ['subgraph', 'list', ...graph, '--registry', 'http://me:pass@127.0.0.1', ...key],
      '--registry must not contain a user or a password; give the API key with --key',
    ],
    [
      ['subgraph', 'list', '--graph', 'shop@a@b', ...registry, ...key],
      'a graph and its variant are written GRAPH@VARIANT, not "shop@a@b"',
    ],
    [
      ['subgraph', 'list', ...graph, ...registry, '--key', `${KEY} x`],
      'the API key has spaces or line breaks; it is one word such as trib_…',
    ],
    [['subgraph', 'check', ...graph, ...registry, ...key, ...schema], 'name the subgraph: NAME is missing'],
    [
      ['subgraph', 'check', 'products', '--name', 'reviews', ...graph, ...registry, ...key, ...schema],
      'name one subgraph: products or --name reviews',
    ],
    [['subgraph', 'check', 'products', ...graph, ...registry, ...key], 'give the schema with --schema FILE'],
    [
      ['subgraph', 'check', 'products', '--id', '7', ...registry, ...key],
      '--id names a check that was started: omit NAME and --schema',
    ],
    [['subgraph', 'publish', 'products', ...graph], '--schema FILE is missing'],
    [
      ['subgraph', 'publish', 'products', ...graph, ...registry, ...key, ...schema, '--routing-url', 'nope'],
      '--routing-url must be an http or https URL, not "nope"; --allow-invalid-routing-url accepts it',
    ],
    [
      ['launch', 'show', 'x', ...graph, ...registry, ...key],
      'a launch is a whole number such as 12, not "x"',
    ],
    [['launch', 'diff', '1', ...graph, ...registry, ...key], 'give two launches: the earlier and the later'],
    [
      ['contract', 'publish', 'partner', ...graph, ...registry, ...key],
      'give at least one --include-tag or --exclude-tag',
    ],
    [['key', 'list', '--all-graphs', ...graph, ...registry, ...key], 'give either --graph or --all-graphs'],
    [['subgraph', 'introspect', 'products'], 'URL must be an http or https URL, not "products"'],
  ])('%j is explained', async (args, message) => {
    await expect(runVerb(...args)).rejects.toEqual(new MisuseError(message));
  });

  test('a schema or key file that does not exist is named', async () => {
    const absent = join(folder, 'absent');
    expect(await list('http://127.0.0.1:1', '--key', absent)).toMatchObject({
      message: `--key: file not found: ${absent}`,
    });
    writeFileSync(absent, ' \n');
    const call = ['subgraph', 'check', 'products', ...graph, ...registry, ...key];
    expect(await runVerb(...call, '--schema', absent)).toMatchObject({
      code: 'SCHEMA_EMPTY',
      message: `${absent} contains no schema`,
    });
  });
});

test('tributary subgraph lint prints findings with their lines, and fails for errors only', async () => {
  const file = join(folder, 'lint.graphql');
  writeFileSync(file, 'type Query {\n  Product_list: Int\n}');
  const message = expect.stringMatching(/Product_list/);
  expect(await runVerb('subgraph', 'lint', '--schema', file)).toMatchObject({
    kind: 'success',
    plain: expect.stringMatching(/lint\.graphql:2:3: warning {2}FIELD_NAME_CASE {2}.*\n$/),
    data: { errors_count: 0, warnings_count: 1, diagnostics: [{ rule: 'FIELD_NAME_CASE', start_line: 2 }] },
    annotations: [{ level: 'warning', title: 'FIELD_NAME_CASE', message, file, line: 2, column: 3 }],
  });
  expect(await runVerb('subgraph', 'lint', '-s', file, '--rule', 'FIELD_NAME_CASE=error')).toMatchObject({
    kind: 'failure',
    code: 'LINT_FAILED',
    message: '1 error',
  });
  writeFileSync(file, 'type Query {');
  expect(await runVerb('subgraph', 'lint', '-s', file)).toMatchObject({
    code: 'SCHEMA_INVALID',
    message: `${file}:1:13: Syntax Error: Expected Name, found <EOF>.`,
  });
  await expect(runVerb('subgraph', 'lint', '-s', file, '--rule', 'NAMES=error')).rejects.toThrow(
    '--rule must be RULE=error, RULE=warning or RULE=off, with a rule of TYPE_NAME_CASE, ',
  );
});

describe('the process', () => {
  function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    return spawn(process.execPath, [join(root, 'cli', 'main.ts'), ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  test('takes registry, graph and key from the environment, or the key from stdin or a file', async () => {
    const keys: string[] = [];
    const url = await serverThat((request, response) => {
      keys.push(request.headers.authorization ?? '');
      response.end('{"data":{"variant":{"subgraphs":[]}}}');
    });
    const file = join(folder, 'key');
    writeFileSync(file, 'trib_from_file\n');
    const environment = { TRIBUTARY_REGISTRY: url, TRIBUTARY_GRAPH: 'shop@production' };
    const run = async (args: readonly string[], env: Readonly<Record<string, string>>, input: string) => {
      const child = start(['subgraph', 'list', ...args], { ...environment, ...env });
      child.stdin.end(input);
      const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
      return { status: child.exitCode, stdout, stderr };
    };
    const results = await Promise.all([
      run([], { TRIBUTARY_KEY: 'trib_from_environment' }, ''),
      run([], { TRIBUTARY_KEY_FILE: file }, ''),
      run(['--key', '-'], {}, 'trib_from_stdin\n'),
      run(['--key', file], {}, ''),
    ]);
    expect(results.map(({ stdout, stderr }) => [stdout.split(/\s+/)[0], stderr])).toEqual(
      Array.from({ length: 4 }, () => ['NAME', '']),
    );
    expect(keys.sort((a, b) => a.localeCompare(b))).toEqual(
      ['environment', 'file', 'file', 'stdin'].map((source) => `Bearer trib_from_${source}`),
    );
  });

  test('ends at once and silently on Ctrl-C', async () => {
    const asked = Promise.withResolvers<void>();
    const url = await serverThat(() => asked.resolve());
    const child = start(['subgraph', 'list', '--registry', url, '--graph', 'shop@production', '--key', KEY]);
    const output = Promise.all([text(child.stdout), text(child.stderr)]);
    await asked.promise;
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    expect(await exited).toEqual([null, 'SIGINT']);
    expect(await output).toEqual(['', '']);
  });
});
