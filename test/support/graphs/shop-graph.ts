import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { parseConfig } from '../../../router/config/config.ts';
import { createRouter } from '../../../router/router.ts';
import type { Parts, Router } from '../../../router/router.ts';
import { startInventory } from '../../../subgraphs/inventory/server.ts';
import { startOrder } from '../../../subgraphs/order/server.ts';
import { startProduct } from '../../../subgraphs/product/server.ts';
import { demoPassword } from '../../../subgraphs/shop/demo/users.ts';
import { tracedParts } from '../../../subgraphs/shared/run.ts';
import type { RunningSubgraph } from '../../../subgraphs/shared/serve.ts';
import type { Settings } from '../../../subgraphs/shared/settings.ts';
import { startTracing } from '../../../subgraphs/shared/telemetry/tracing.ts';
import { startShipping } from '../../../subgraphs/shipping/server.ts';
import { startUser } from '../../../subgraphs/user/server.ts';
import { freePort } from '../servers/free-port.ts';
import { noPressure } from './pressure.ts';
import { dropLocation, testKey, testLocation, testSettings } from '../subgraphs/shop-subgraph.ts';
import type { DatabaseKind, StartSubgraph } from '../subgraphs/shop-subgraph.ts';

process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';

const root = join(import.meta.dirname, '..', '..', '..');
const issuer = 'http://issuer.example';

// The order service calls product and inventory, so these two need their addresses first.
const names = ['product', 'inventory', 'user', 'shipping', 'order'] as const;

type SubgraphName = (typeof names)[number];

const starters: Readonly<Record<SubgraphName, StartSubgraph>> = {
  product: startProduct,
  inventory: startInventory,
  user: startUser,
  shipping: startShipping,
  order: startOrder,
};

export type GraphOptions = {
  /** Number of routers; default 1. */
  readonly routers?: number;
  readonly database?: DatabaseKind;
  /** URLs of stubs that replace subgraphs. */
  readonly stubs?: Partial<Readonly<Record<SubgraphName, string>>>;
  /** Additional configuration for `router.yaml`, by top-level key. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly parts?: Partial<Parts>;
  /** Monotonic clock of the subgraphs. */
  readonly subgraphMonotonic?: () => number;
  readonly redisUrl?: string;
  /** Origin of the OTLP endpoint that routers and subgraphs send spans to. */
  readonly otlpEndpoint?: string;
  /** Receives the log lines of the subgraphs. */
  readonly onSubgraphLog?: (line: string) => void;
};

type GraphResponse = {
  readonly status: number;
  readonly headers: Headers;
  readonly data: unknown;
  readonly errors: readonly {
    readonly message: string;
    readonly path?: readonly unknown[];
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
  readonly extensions: Readonly<Record<string, unknown>>;
};

type AskOptions = {
  readonly token?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Index of the router; default 0. */
  readonly router?: number;
};

/** The whole shop on free ports: five subgraphs with demo data, and the routers. */
export type ShopGraph = AsyncDisposable & {
  readonly routers: readonly Router[];
  readonly urls: Readonly<Record<SubgraphName, string>>;
  readonly ask: (query: string, options?: AskOptions) => Promise<GraphResponse>;
  /** Returns the access token of a demo login. */
  readonly login: (email: string) => Promise<string>;
  readonly stop: (name: SubgraphName) => Promise<void>;
  /** Starts a stopped subgraph again, at the same address and with fresh demo data. */
  readonly restart: (name: SubgraphName) => Promise<void>;
};

export async function startGraph(options: GraphOptions = {}): Promise<ShopGraph> {
  await using built = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'tributary-graph-'));
  built.defer(() => rm(folder, { recursive: true, force: true }));
  const subgraphs = built.use(await startSubgraphs(options));
  await writeFile(join(folder, 'supergraph.yaml'), compositionFile(subgraphs.urls));

  const routers: Router[] = [];
  for (let index = 0; index < (options.routers ?? 1); index++) {
    const config = routerConfig(folder, subgraphs.urls.user, options);
    routers.push(
      built.use(
        await createRouter(config, {
          log: { write: () => undefined },
          watchPressure: noPressure,
          ...options.parts,
        }),
      ),
    );
  }
  const owned = built.move();

  const ask = (query: string, asked: AskOptions = {}) => send(routers, query, asked);
  return {
    routers,
    urls: subgraphs.urls,
    ask,
    login: (email) => login(ask, email),
    stop: subgraphs.stop,
    restart: subgraphs.restart,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startSubgraphs({
  database = 'embedded',
  stubs = {},
  redisUrl,
  otlpEndpoint,
  onSubgraphLog,
  subgraphMonotonic: monotonic,
}: GraphOptions) {
  const log =
    onSubgraphLog === undefined
      ? pino({ level: 'silent' })
      : pino({ level: 'info' }, { write: onSubgraphLog });
  const spansUrl = otlpEndpoint === undefined ? null : new URL('/v1/traces', otlpEndpoint).href;
  const running = new Map<SubgraphName, RunningSubgraph>();
  const urls = new Map<SubgraphName, string>();

  async function start(name: SubgraphName, port: number): Promise<void> {
    const location = await testLocation(name, database);
    const settings: Settings = {
      ...testSettings(name, location),
      port,
      issuerUrl: issuer,
      redisUrl: redisUrl ?? null,
      productUrl: urls.get('product') ?? '',
      inventoryUrl: urls.get('inventory') ?? '',
    };
    const tracing = await startTracing({ service: name, url: spansUrl });
    const ownLog = log.child({ subgraph: name });
    const parts = { now: Date.now, monotonic, log: ownLog, ...(tracing && tracedParts(tracing)) };
    const subgraph = await starters[name](settings, parts);
    const close = async () => {
      await subgraph.close();
      await tracing?.[Symbol.asyncDispose]();
      await dropLocation(location);
    };
    running.set(name, { ...subgraph, close });
    urls.set(name, subgraph.url);
  }

  async function stop(name: SubgraphName): Promise<void> {
    await running.get(name)?.close();
    running.delete(name);
  }

  for (const name of names) {
    const standIn = stubs[name];
    if (standIn === undefined) await start(name, await freePort());
    else urls.set(name, standIn);
  }
  return {
    urls: Object.fromEntries(urls) as Readonly<Record<SubgraphName, string>>,
    stop,
    restart: (name: SubgraphName) => start(name, Number(new URL(urls.get(name) ?? '').port)),
    async [Symbol.asyncDispose]() {
      await Promise.all([...running.keys()].map(stop));
    },
  };
}

function compositionFile(urls: Readonly<Record<SubgraphName, string>>): string {
  const subgraphs = names.map((name) => [
    name,
    { routing_url: urls[name], schema: { file: join(root, 'subgraphs', name, 'schema.graphql') } },
  ]);
  return stringify({ federation_version: '=2.14.4', subgraphs: Object.fromEntries(subgraphs) });
}

function routerConfig(folder: string, userUrl: string, options: GraphOptions) {
  const { config = {}, redisUrl, otlpEndpoint } = options;
  const known = new URL('/.well-known', userUrl).href;
  const trusted = { jwksUrl: `${known}/jwks.json`, revocationsUrl: `${known}/revoked-tokens` };
  const text = stringify({
    authentication: { issuers: [{ issuer, audience: 'tributary', ...trusted }] },
    identity: { keys: [testKey] },
    shutdown: { lameDuckMs: 0 },
    ...(redisUrl !== undefined && { redis: { url: redisUrl } }),
    ...(otlpEndpoint !== undefined && { telemetry: { otlpEndpoint } }),
    ...config,
  });
  const env = { PORT: '0', ADMIN_PORT: '0', SUPERGRAPH: join(folder, 'supergraph.yaml') };
  return parseConfig(text, { env, fileName: 'router.yaml', directory: folder });
}

async function send(routers: readonly Router[], query: string, options: AskOptions): Promise<GraphResponse> {
  const { token, variables = {}, headers = {}, router = 0 } = options;
  const authorization: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(routers[router]?.url ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization, ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors = [], extensions = {} } = (await response.json()) as Partial<GraphResponse>;
  return { status: response.status, headers: response.headers, data, errors, extensions };
}

async function login(ask: ShopGraph['ask'], email: string): Promise<string> {
  const mutation = `mutation ($email: String!, $password: String!) {
    login(email: $email, password: $password) { accessToken }
  }`;
  const { data, errors } = await ask(mutation, { variables: { email, password: demoPassword } });
  const token = (data as { login?: { accessToken: string } } | undefined)?.login?.accessToken;
  if (token === undefined) throw new Error(`${email} cannot log in: ${JSON.stringify(errors)}`);
  return token;
}
