import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { createDatabase, dropDatabase } from '../servers/fresh-database.ts';
import type { DatabaseLocation } from '../../../database/database.ts';
import type { Parts } from '../../../subgraphs/shared/run.ts';
import type { RunningSubgraph } from '../../../subgraphs/shared/serve.ts';
import type { Settings } from '../../../subgraphs/shared/settings.ts';
import { signIdentity, type IdentityHeaders, type Signing } from '../../../subgraphs/shared/sign.ts';

export type StartSubgraph = (settings: Settings, parts: Parts) => Promise<RunningSubgraph>;

export type DatabaseKind = 'embedded' | 'postgres';

/** The databases with which each suite of a subgraph runs: `describe.each(databaseKinds)('…on %s', …)`. */
export const databaseKinds: readonly DatabaseKind[] =
  process.env['DATABASE_URL'] === undefined ? ['embedded'] : ['embedded', 'postgres'];

export const testKey = { id: 'test', secret: 'a-secret-of-the-tests-and-of-nothing-else' };

/** Keys of the services that tests call as. */
export const testServiceKeys = ['order', 'support'].map((service) => ({
  id: service,
  service,
  secret: `the-key-of-the-service-${service}-in-tests`,
}));

/** Issuer of the users that tests call as. */
export const testIssuer = 'http://issuer.example';

/** The repository's template of an embedded database, so that only the first run has to create it. */
export const templateDir = fileURLToPath(new URL('../../../.data', import.meta.url));

/** Another service, which calls with a key of its own. */
export type TestService = { readonly service: 'order' | 'support' };

export type TestUser = {
  readonly id: string;
  readonly email?: string;
  readonly roles?: readonly string[];
  readonly tier?: string;
};

export type GraphQLResult = {
  readonly status: number;
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly { message: string; path?: readonly unknown[]; extensions: { code: string } }[];
};

export type TestSubgraph = AsyncDisposable & {
  readonly url: string;
  readonly origin: string;
  /** Every SQL statement so far; empty it to count those of one request. */
  readonly statements: string[];
  /** Sends a signed call, anonymous unless `as` is set. */
  readonly call: (query: string, options?: CallOptions) => Promise<GraphQLResult>;
};

export type CallOptions = {
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly as?: TestUser | TestService;
  /** Issuer of the user's token. */
  readonly issuer?: string;
};

export type TestOptions = {
  readonly database?: DatabaseKind | DatabaseLocation;
  readonly now?: () => number;
  readonly settings?: Partial<Settings>;
};

/**
 * Starts one subgraph on a free port, with demo data in a database that is dropped when it is disposed of.
 */
export async function startTestSubgraph(
  name: string,
  start: StartSubgraph,
  { database = 'embedded', now = Date.now, settings = {} }: TestOptions = {},
): Promise<TestSubgraph> {
  const statements: string[] = [];
  const location = typeof database === 'string' ? await testLocation(name, database) : database;
  const parts = {
    now,
    log: pino({ level: 'silent' }),
    onQuery: (statement: string) => void statements.push(statement),
  };
  const subgraph = await start({ ...testSettings(name, location), ...settings }, parts);
  return {
    url: subgraph.url,
    origin: new URL(subgraph.url).origin,
    statements,
    call: (query, options = {}) => callSigned(subgraph.url, name, { query, now, ...options }),
    async [Symbol.asyncDispose]() {
      await subgraph.close();
      if (typeof database === 'string') await dropLocation(location);
    },
  };
}

export function testSettings(name: string, database: DatabaseLocation): Settings {
  return {
    name,
    host: '127.0.0.1',
    port: 0,
    database,
    identityKeys: [testKey],
    serviceKeys: testServiceKeys,
    issuerUrl: testIssuer,
    redisUrl: null,
    productUrl: 'http://127.0.0.1:9/graphql',
    inventoryUrl: 'http://127.0.0.1:9/graphql',
    shippingUrl: 'http://127.0.0.1:9/graphql',
    orderExpiryMs: 7 * 24 * 3_600_000,
    orderLimits: [{ tier: 'FREE', openOrders: 1_000, pieces: 50_000 }],
    demoLogins: true,
    metricsFrom: 'loopback',
    logLevel: 'silent',
    spansUrl: null,
    tls: null,
  };
}

export async function testLocation(name: string, kind: DatabaseKind): Promise<DatabaseLocation> {
  if (kind === 'embedded') {
    const path = join(tmpdir(), `tributary-${randomBytes(6).toString('hex')}`, name);
    return { kind: 'folder', schema: name, path, templateDir };
  }
  // A database and not only a schema: the migrator reads the catalogue of the whole database, and fails if
  // another test drops a schema at the same time.
  return { kind: 'postgres', schema: `test_${name}`, url: await createDatabase() };
}

export async function dropLocation(location: DatabaseLocation): Promise<void> {
  if (location.kind === 'postgres') return dropDatabase(location.url);
  rmSync(dirname(location.path), { recursive: true, force: true });
}

export async function callSigned(
  url: string,
  audience: string,
  call: CallOptions & { readonly query: string; readonly now: () => number },
): Promise<GraphQLResult> {
  const { query, variables = {}, now } = call;
  const body = JSON.stringify({ query, variables });
  const signature = signIdentity({ ...credentialsOf(call), audience, method: 'POST', body, now });
  const headers = { 'content-type': 'application/json', ...signature };
  const response = await fetch(url, { method: 'POST', headers, body });
  const result = (await response.json()) as Partial<GraphQLResult>;
  return { status: response.status, data: result.data ?? null, errors: result.errors ?? [] };
}

function credentialsOf({ as, issuer = testIssuer }: CallOptions): Pick<Signing, 'key' | 'identity'> {
  if (as === undefined) return { key: testKey, identity: {} };
  if (!('service' in as)) return { key: testKey, identity: identityOf(as, issuer) };
  const key = testServiceKeys.find(({ service }) => service === as.service);
  if (key === undefined) throw new Error(`no key of ${as.service}`);
  return { key, identity: { 'x-service-name': as.service } };
}

function identityOf(user: TestUser, issuer: string): IdentityHeaders {
  return {
    'x-user-id': user.id,
    'x-user-issuer': issuer,
    ...(user.email !== undefined && { 'x-user-email': user.email }),
    'x-user-roles': (user.roles ?? ['customer']).join(','),
    ...(user.tier !== undefined && { 'x-user-tier': user.tier }),
    'x-tenant-id': 'shop',
  };
}
