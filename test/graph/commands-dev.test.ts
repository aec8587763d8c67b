import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startMockSubgraph } from '../../cli/dev/mock-subgraph.ts';
import { LIBRARY } from '../support/graphs/small-graph.ts';
import { startService } from '../support/subgraphs/service.ts';
import { until } from '../support/time/until.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'tributary-dev-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function post(url: string, query: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

/** Starts `tributary dev` in the folder; `output` is everything it has printed. */
function startDev(args: readonly string[], stderr: 'inherit' | 'pipe' = 'inherit') {
  const child = spawn(process.execPath, [MAIN, 'dev', '--port', '0', ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ADMIN_PORT: '0' },
    stdio: ['ignore', 'pipe', stderr],
  });
  const exited = once(child, 'close').then(([code]) => code as number | null);
  let output = '';
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const find = async (pattern: RegExp) => {
    await until(() => pattern.test(output), 60_000);
    return pattern.exec(output)?.[1] ?? '';
  };
  return { find, exited, output: () => output, errors: () => errors, stop: () => child.kill('SIGINT') };
}

it('tributary dev composes, serves, mocks a missing subgraph and follows changes', async () => {
  await using books = await startService({ sdl: '', resolvers: {}, ...LIBRARY['books'] });
  const reviews = join(folder, 'reviews.graphql');
  const sdl = (field = '') =>
    `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])
     type Query { newest: Review } type Review { text: String book: Book ${field} }
     type Book @key(fields: "id") { id: ID! reviews: [Review!] }`;
  writeFileSync(reviews, sdl());
  writeFileSync(join(folder, 'books.graphql'), books.sdl);
  writeFileSync(
    join(folder, 'supergraph.yaml'),
    `subgraphs:
  books: { routing_url: "${books.url}", schema: { file: books.graphql } }
  reviews: { schema: { file: reviews.graphql } }
`,
  );
  const dev = startDev(['--mock', 'reviews']);
  try {
    const url = await dev.find(/GraphQL +(http\S+)/);
    const output = dev.output();
    expect(output.trimStart().startsWith('Tributary is ready.')).toBe(true);
    expect(output).toContain(`Console      ${new URL('/', url).href}`);
    expect(output).toContain(`Sandbox      ${new URL('/sandbox', url).href}`);
    expect(output).toMatch(/reviews +mock, from its schema/);

    const query = '{ book(id: "2") { title reviews { text book { id } } } }';
    const first = await post(url, query);
    expect(first).toEqual({
      data: {
        book: {
          title: expect.any(String),
          reviews: Array.from({ length: 2 }, () => ({
            text: expect.stringMatching(/^text \d+$/),
            book: { id: expect.stringMatching(/^\d+$/) },
          })),
        },
      },
    });
    expect(await post(url, query)).toEqual(first);
    expect((await (await fetch(new URL('/sandbox', url))).text()).toLowerCase()).toContain('sandbox');

    writeFileSync(reviews, sdl('stars: Int!'));
    const isServed = async () => JSON.stringify(await post(url, '{ newest { stars } }')).includes('"data"');
    expect(await until(isServed, 60_000)).toBe(true);
    expect(await post(url, '{ newest { stars } }')).toEqual({
      data: { newest: { stars: expect.any(Number) } },
    });
  } finally {
    dev.stop();
  }
  expect(await dev.exited).toBe(0);
}, 120_000);

it('tributary dev says why the supergraph is not served, continues, and logs in the chosen format', async () => {
  writeFileSync(
    join(folder, 'bad.yaml'),
    'subgraphs: { a: { routing_url: "http://127.0.0.1:9", schema: { sdl: "type Query { a: Int }" } } }',
  );
  const dev = startDev(['bad.yaml', '--mock', 'b', '--log-format', 'json']);
  await dev.find(/(GraphQL)/);
  expect(dev.output()).toContain(
    'The supergraph is not served yet:\n  error UNKNOWN_MOCK: --mock b: the supergraph has no such subgraph; its subgraphs are: a',
  );
  expect(await dev.find(/^(\{"level":"error","time":"\d{4}-.*"msg":"supergraph rejected.*\}$)/m)).not.toBe(
    '',
  );
  dev.stop();
  expect(await dev.exited).toBe(0);
}, 60_000);

it('tributary dev rejects mocks for a finished supergraph', async () => {
  writeFileSync(join(folder, 'supergraph.graphql'), 'type Query { a: Int }');
  const dev = startDev(['supergraph.graphql', '--mock', 'a'], 'pipe');
  expect(await dev.exited).toBe(2);
  expect(dev.errors()).toMatch(
    /^--mock needs a composition file such as supergraph\.yaml, not a finished supergraph\n/,
  );
});

it('tributary compose --watch composes again after a change, until a signal ends it', async () => {
  const schema = join(folder, 'watched.graphql');
  const output = join(folder, 'watched-supergraph.graphql');
  writeFileSync(schema, 'type Query { before: Int }');
  writeFileSync(
    join(folder, 'watched.yaml'),
    'subgraphs: { a: { routing_url: "http://127.0.0.1:9", schema: { file: watched.graphql } } }',
  );
  const child = spawn(process.execPath, [MAIN, 'compose', 'watched.yaml', '--watch', '-o', output], {
    cwd: folder,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const exited = once(child, 'exit');
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const prints = (text: string) => until(() => printed.includes(text), 60_000);
  expect(await prints('waiting for changes, Ctrl-C ends')).toBe(true);
  expect(readFileSync(output, 'utf8')).toContain('before: Int');
  writeFileSync(schema, 'type Query { broken: Absent }');
  expect(await prints('Unknown type Absent')).toBe(true);
  rmSync(output);
  mkdirSync(output);
  writeFileSync(schema, 'type Query { unwritten: Int }');
  expect(await prints(`--output: cannot write ${output} (EISDIR)`)).toBe(true);
  rmSync(output, { recursive: true });
  writeFileSync(schema, 'type Query { after: Int }');
  const isWritten = () => existsSync(output) && readFileSync(output, 'utf8').includes('after: Int');
  expect(await until(isWritten, 60_000)).toBe(true);
  child.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
}, 120_000);

describe('a mock', () => {
  const SDL = `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])
    scalar DateTime
    enum Color { BLUE }
    interface Item { id: ID! }
    union Any = Book
    type Query { book(id: ID!, title: String): Book! items: [Item!]! any: Any list: [[Int!]!]! }
    type Mutation { add(input: BookInput!): Book! }
    input BookInput { title: String }
    type Book implements Item @key(fields: "id") @key(fields: "shelf { row }") {
      id: ID! title: String! pages: Int! price: Float! isNew: Boolean! color: Color! at: DateTime! shelf: Shelf! sequel: Book
    }
    type Shelf { row: Int! place: String! }
  `;

  it('invents values of every type, the same in each response', async () => {
    await using mock = await startMockSubgraph('books');
    mock.setSchema(SDL);
    const query = `{
      book(id: "7", title: "Given") { id title pages price isNew color at shelf { row } sequel { id } }
      items { __typename id } any { ... on Book { title } } list
    }`;
    const response = await post(mock.url, query);
    expect(response).toEqual({
      data: {
        book: {
          id: '7',
          title: 'Given',
          pages: expect.any(Number),
          price: expect.any(Number),
          isNew: expect.any(Boolean),
          color: 'BLUE',
          at: expect.stringMatching(/^2026-.*Z$/),
          shelf: { row: expect.any(Number) },
          sequel: { id: expect.stringMatching(/^\d+$/) },
        },
        items: Array.from({ length: 2 }, () => ({ __typename: 'Book', id: expect.any(String) })),
        any: { title: expect.stringMatching(/^title \d+$/) },
        list: Array.from({ length: 2 }, () => [expect.any(Number), expect.any(Number)]),
      },
    });
    expect(await post(mock.url, query)).toEqual(response);
    expect(await post(mock.url, 'mutation { add(input: { title: "x" }) { title } }')).toEqual({
      data: { add: { title: expect.any(String) } },
    });
  });

  it('invents a field whose type does not permit the value of the argument with its name', async () => {
    await using mock = await startMockSubgraph('shop');
    mock.setSchema(`
      type Query { find(title: String, colors: [Color!], color: [Color!], size: String, id: ID, tags: [[String]]): Product }
      enum Color { BLUE RED }
      type Product { title: String! color: Color! size: Int! id: Int! colors: [Color!]! tags: [String!]! constructor: String! }
    `);
    const find = '(title: null, color: [RED], size: "large", id: "7", colors: [RED], tags: [["a"]])';
    expect(await post(mock.url, `{ find${find} { title color size id colors tags constructor } }`)).toEqual({
      data: {
        find: {
          title: expect.stringMatching(/^title \d+$/),
          color: expect.stringMatching(/^(?:BLUE|RED)$/),
          size: expect.any(Number),
          id: 7,
          colors: ['RED'],
          tags: Array.from({ length: 2 }, () => expect.stringMatching(/^tags \d+$/)),
          constructor: expect.stringMatching(/^constructor \d+$/),
        },
      },
    });
  });

  it('responds for entities by any of their keys, and to `_service`', async () => {
    await using mock = await startMockSubgraph('books');
    mock.setSchema(SDL);
    const entities = (representations: string) =>
      post(
        mock.url,
        `{ _entities(representations: ${representations}) { ... on Book { id title shelf { row place } } } }`,
      );
    const [one, other] = ['[{ __typename: "Book", id: "1" }]', '[{ __typename: "Book", id: "2" }]'];
    const book = {
      id: '1',
      title: expect.any(String),
      shelf: { row: expect.any(Number), place: expect.any(String) },
    };
    expect(await entities(one ?? '')).toEqual({ data: { _entities: [book] } });
    expect(await entities(one ?? '')).not.toEqual(await entities(other ?? ''));
    expect(await entities('[{ __typename: "Book", shelf: { row: 3 } }]')).toMatchObject({
      data: { _entities: [{ shelf: { row: 3, place: expect.any(String) } }] },
    });
    expect(await post(mock.url, '{ _service { sdl } }')).toEqual({ data: { _service: { sdl: SDL } } });
  });

  it('reports requests and schemas that it cannot use', async () => {
    await using mock = await startMockSubgraph('books');
    expect(await post(mock.url, '{ a }')).toEqual({
      errors: [{ message: 'the mock of books has no schema yet' }],
    });
    expect(() => mock.setSchema('type Query {')).toThrow(/Syntax Error/);
  });
});
