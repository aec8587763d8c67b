import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../../../router/config/config.ts';
import type { Parts, Router } from '../../../router/router.ts';
import { createRouter } from '../../../router/router.ts';
import { noPressure } from './pressure.ts';
import { startService } from '../subgraphs/service.ts';
import type { Service, ServiceDefinition } from '../subgraphs/service.ts';

process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';

export type GraphQLResponse = {
  readonly data?: unknown;
  readonly errors?: readonly GraphError[];
  readonly extensions?: Readonly<Record<string, unknown>>;
};
type GraphError = {
  readonly message: string;
  readonly path?: readonly unknown[];
  readonly extensions: Readonly<Record<string, unknown>>;
};

export type SmallGraph = AsyncDisposable & {
  readonly router: Router;
  readonly services: ReadonlyMap<string, Service>;
  /** The log lines of the router. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  readonly post: (body: unknown, headers?: Readonly<Record<string, string>>) => Promise<Response>;
  readonly query: (query: string, variables?: Readonly<Record<string, unknown>>) => Promise<GraphQLResponse>;
  /** Replaces the supergraph configuration, as a deployment would. */
  readonly publish: (text: string) => Promise<void>;
  /** Path of the composition file. */
  readonly supergraphFile: string;
  readonly supergraphYaml: (schemas?: Readonly<Record<string, string>>) => string;
};

export type SmallGraphOptions = {
  readonly services: Readonly<Record<string, ServiceDefinition>>;
  /** Additional configuration for `router.yaml`. */
  readonly config?: string;
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  readonly parts?: Partial<Parts>;
};

/** A router on free ports over services of a few lines. All parts are real. */
export async function startSmallGraph(options: SmallGraphOptions): Promise<SmallGraph> {
  await using built = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'tributary-'));
  built.defer(() => rm(directory, { recursive: true, force: true }));
  const services = new Map<string, Service>();
  for (const [name, definition] of Object.entries(options.services))
    services.set(name, built.use(await startService(definition)));

  const file = join(directory, 'supergraph.yaml');
  const supergraphYaml = (schemas: Readonly<Record<string, string>> = {}) =>
    compositionFile(services, schemas);
  await writeFile(file, supergraphYaml());
  const log: Record<string, unknown>[] = [];
  const config = parseConfig(options.config ?? '', {
    env: { PORT: '0', ADMIN_PORT: '0', SUPERGRAPH: file, LOG_LEVEL: 'info', ...options.env },
    fileName: 'router.yaml',
    directory,
  });
  const router = built.use(
    await createRouter(config, {
      log: { write: (line) => void log.push(JSON.parse(line)) },
      watchPressure: noPressure,
      ...options.parts,
    }),
  );
  const owned = built.move();

  function post(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(router.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  return {
    router,
    services,
    log,
    post,
    supergraphFile: file,
    supergraphYaml,
    query: async (query, variables) => (await (await post({ query, variables })).json()) as GraphQLResponse,
    async publish(text) {
      // The router reads a file that changes, and must not find a part of it.
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function compositionFile(
  services: ReadonlyMap<string, Service>,
  schemas: Readonly<Record<string, string>>,
): string {
  const entries = [...services].map(
    ([name, { url, sdl }]) =>
      `  ${name}:\n    routing_url: ${url}\n    schema:\n      sdl: ${JSON.stringify(schemas[name] ?? sdl)}\n`,
  );
  return `federation_version: =2.14.4\nsubgraphs:\n${entries.join('')}`;
}

/** Two services: books, and reviews of them. */
export const LIBRARY: SmallGraphOptions['services'] = {
  books: {
    sdl: `
      type Query { books: [Book!] @listSize(assumedSize: 2) book(id: ID!): Book }
      type Mutation { rename(id: ID!, title: String!): Book }
      type Book @key(fields: "id") { id: ID! title: String pages: Int }
    `,
    resolvers: {
      Query: {
        books: () => [...BOOKS.values()],
        book: (_: never, { id }: { id: string }) => BOOKS.get(id),
      },
      Mutation: {
        rename: (_: never, { id, title }: { id: string; title: string }) => ({ ...BOOKS.get(id), title }),
      },
      Book: { __resolveReference: ({ id }: { id: string }) => BOOKS.get(id) },
    },
  },
  reviews: {
    sdl: `
      type Query { newest: Review }
      type Review { text: String book: Book }
      type Book @key(fields: "id") { id: ID! reviews: [Review!] @listSize(assumedSize: 3) }
    `,
    resolvers: {
      Query: { newest: () => ({ text: 'Long.', book: { id: '2' } }) },
      Book: { reviews: ({ id }: { id: string }) => [{ text: `On ${id}`, book: { id } }] },
    },
  },
};

const BOOKS = new Map([
  ['1', { id: '1', title: 'Middlemarch', pages: 880 }],
  ['2', { id: '2', title: 'Moby-Dick', pages: 635 }],
]);
