import { pino } from 'pino';
import type { Logger } from 'pino';
import type { DatabaseLocation } from '../../../database/database.ts';
import { startRegistry } from '../../../registry/registry.ts';
import { readRegistrySettings } from '../../../registry/settings.ts';
import type { RegistrySettings } from '../../../registry/settings.ts';
import { dropLocation, testLocation } from '../subgraphs/shop-subgraph.ts';
import type { DatabaseKind } from '../subgraphs/shop-subgraph.ts';

export type ApiResult = {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests know what they select
  readonly data: any;
  readonly errors: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
};

export type TestRegistry = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** Key with the role ADMIN for all graphs. */
  readonly adminKey: string;
  readonly location: DatabaseLocation;
  /** Every SQL statement so far. */
  readonly statements: string[];
  /** Sends a GraphQL request, with the admin key unless another one is given. */
  readonly call: (
    query: string,
    variables?: Readonly<Record<string, unknown>>,
    key?: string,
  ) => Promise<ApiResult>;
  /** Sends a GET request. */
  readonly get: (path: string, headers?: Readonly<Record<string, string>>, key?: string) => Promise<Response>;
  /** Sends a POST request with JSON. */
  readonly post: (path: string, body: unknown, key?: string) => Promise<Response>;
  /** Publishes a subgraph to `shop@production`. */
  readonly publish: (name: string, sdl: string, options?: PublishOptions) => Promise<PublishedResult>;
  readonly createKey: (role: 'READ' | 'PUBLISH' | 'ADMIN', graph?: string | null) => Promise<string>;
  readonly close: () => Promise<void>;
};

export type PublishOptions = {
  readonly ref?: string;
  readonly routingUrl?: string;
  readonly allowBreaking?: boolean;
  readonly key?: string;
};

export type PublishedResult = {
  readonly created: boolean;
  readonly updated: boolean;
  readonly launch: { readonly number: number; readonly status: string } | null;
  readonly check: { readonly id: string; readonly status: string } | null;
  readonly errors: readonly { readonly code: string; readonly message: string }[];
};

export type RegistryOptions = {
  readonly database?: DatabaseKind | DatabaseLocation;
  readonly now?: () => number;
  readonly log?: Logger;
  readonly settings?: Partial<RegistrySettings>;
  /** Needed for a database that another registry has created. */
  readonly adminKey?: string;
};

/** The reference that tests publish to. */
export const REF = 'shop@production';

const PUBLISH = `mutation ($ref: ID!, $input: PublishInput!) {
  publishSubgraph(ref: $ref, input: $input) {
    created updated launch { number status } check { id status } errors { code message subgraph line }
  }
}`;

const CREATE_KEY = `mutation ($graph: ID, $role: Role!) {
  createKey(graph: $graph, role: $role, name: "test") { secret }
}`;

/** Starts a registry on a free port; a database that it has created is dropped at the end. */
export async function startTestRegistry({
  database = 'embedded',
  now = Date.now,
  log = pino({ level: process.env['REGISTRY_TEST_LOG'] ?? 'silent' }),
  settings = {},
  adminKey,
}: RegistryOptions = {}): Promise<TestRegistry> {
  const location = typeof database === 'string' ? await testLocation('registry', database) : database;
  const statements: string[] = [];
  const registry = await startRegistry(
    { ...readRegistrySettings({ PORT: '0' }), database: location, ...settings },
    { now, log, onQuery: (statement) => void statements.push(statement) },
  );
  const admin = adminKey ?? registry.adminKey;
  if (admin === null) throw new Error('this registry was not the first on its database: pass its admin key');
  const headersFor = (key: string) => ({ authorization: `Bearer ${key}` });
  const post = (path: string, body: unknown, key = admin) =>
    fetch(`${registry.url}${path}`, {
      method: 'POST',
      headers: { ...headersFor(key), 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const call: TestRegistry['call'] = async (query, variables = {}, key = admin) => {
    const response = await post('/graphql', { query, variables }, key);
    const result = (await response.json()) as Partial<ApiResult>;
    return { status: response.status, data: result.data ?? null, errors: result.errors ?? [] };
  };
  const value = ({ data, errors }: ApiResult, field: string) => {
    if (errors.length > 0) throw new Error(`${field} failed: ${JSON.stringify(errors)}`);
    return data[field];
  };
  return {
    url: registry.url,
    port: registry.port,
    adminKey: admin,
    location,
    statements,
    call,
    get: (path, headers = {}, key = admin) =>
      fetch(`${registry.url}${path}`, { headers: { ...headersFor(key), ...headers } }),
    post,
    async publish(name, sdl, { ref = REF, key, ...options } = {}) {
      const routingUrl = options.routingUrl ?? `http://${name}.example/graphql`;
      const input = { name, sdl, routingUrl, allowBreaking: options.allowBreaking ?? false };
      return value(await call(PUBLISH, { ref, input }, key), 'publishSubgraph');
    },
    async createKey(role, graph = 'shop') {
      return value(await call(CREATE_KEY, { graph, role }), 'createKey').secret;
    },
    close: registry.close,
    async [Symbol.asyncDispose]() {
      await registry.close();
      if (typeof database === 'string') await dropLocation(location);
    },
  };
}
