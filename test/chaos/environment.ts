import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { demoPassword } from '../../subgraphs/shop/demo/users.ts';
import { startBreakableRedis } from '../support/servers/breakable-redis.ts';
import type { BreakableRedis } from '../support/servers/breakable-redis.ts';
import { callSigned, testKey } from '../support/subgraphs/shop-subgraph.ts';
import { recordRateLimits } from './rate-limit-record.ts';
import type { RateLimitRecord } from './rate-limit-record.ts';
import { createShopDatabase } from './databases.ts';
import type { ShopDatabase } from './databases.ts';
import { SUBGRAPHS } from './faults.ts';
import type { SubgraphName } from './faults.ts';
import type { History, Sighting } from './history.ts';
import { createSubgraphSlot } from './subgraph-slot.ts';
import type { SubgraphSlot } from './subgraph-slot.ts';
import { CALLERS, DELIVERED_PRODUCTS, ORDERED_PRODUCTS } from './operations.ts';
import type { Caller } from './operations.ts';
import { startProxy } from './proxy.ts';
import type { Proxy } from './proxy.ts';
import { RouterSlot } from './router-slot.ts';
import {
  RATE_LIMITS,
  DEADLINE_MS,
  GRACE_MS,
  LAME_DUCK_MS,
  PLANNING_MS,
  ROUTERS,
  WINDOW_S,
} from './settings.ts';
import { createSupergraphFile } from './supergraphs.ts';
import type { SupergraphFile } from './supergraphs.ts';

/** The shop's graph; faults can be injected into each of its connections. */
export type Environment = AsyncDisposable & {
  readonly routers: readonly RouterSlot[];
  readonly subgraphs: ReadonlyMap<SubgraphName, SubgraphSlot>;
  readonly redis: BreakableRedis;
  /** The connection of each router to Redis. */
  readonly redisLinks: readonly Proxy[];
  readonly postgresLink: Proxy;
  readonly rateLimits: RateLimitRecord;
  readonly database: ShopDatabase;
  readonly supergraph: SupergraphFile;
  /** `router.yaml` without the settings that differ between routers. */
  readonly routerConfig: Readonly<Record<string, unknown>>;
  readonly tokenOf: (caller: Caller) => Promise<string>;
};

type Way = Sighting['way'];
const WAYS: readonly Way[] = ['first', 'second', 'service'];

/** Starts everything but the routers, which need a supergraph first. */
export async function startEnvironment(postgresUrl: string, history: History): Promise<Environment> {
  await using built = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'tributary-chaos-'));
  built.defer(() => rmSync(directory, { recursive: true, force: true }));

  const redis = built.use(await startBreakableRedis());
  built.defer(() => redis.thaw());
  const redisAddress = () => addressOf(redis.url, 6379);
  const redisLinks: Proxy[] = [];
  for (let router = 0; router < ROUTERS; router += 1)
    redisLinks.push(built.use(await startProxy(redisAddress)));
  const rateLimits = built.use(recordRateLimits(redis.url, history.pointChanges));

  const database = built.use(await createShopDatabase(postgresUrl));
  const postgresLink = built.use(await startProxy(() => addressOf(database.url, 5432)));
  const slots = new Map<SubgraphName, SubgraphSlot>();
  for (const name of SUBGRAPHS) slots.set(name, built.use(await createSubgraphSlot(name, history)));
  const portOf = (name: SubgraphName, way: Way) => slots.get(name)?.link.port(way) ?? 0;
  history.issuer = `http://127.0.0.1:${portOf('user', 'service')}`;
  const subgraphEnv = {
    DATABASE_URL: through(database.url, postgresLink),
    ISSUER_URL: history.issuer,
    PRODUCT_URL: `http://127.0.0.1:${portOf('product', 'service')}/graphql`,
    INVENTORY_URL: `http://127.0.0.1:${portOf('inventory', 'service')}/graphql`,
    // One buyer places all orders of a run.
    ORDER_LIMITS: 'FREE:1000000:50000',
    SHIPPING_URL: `http://127.0.0.1:${portOf('shipping', 'service')}/graphql`,
    LOG_LEVEL: 'info',
    // The settings of `npm start`, with which subgraphs recover sooner.
    NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/compile'),
  };
  await Promise.all([...slots.values()].map((slot) => slot.start(subgraphEnv)));
  await stockUp(slots.get('inventory')?.port() ?? 0, history.issuer);

  const supergraph = createSupergraphFile(directory, portOf);
  const routerConfig = configOf(supergraph.path, history.issuer);
  const routers: RouterSlot[] = [];
  for (const [index, link] of redisLinks.entries()) {
    const place = join(directory, `router-${index}`);
    mkdirSync(place);
    const own = configOfRouter(routerConfig, index, through(redis.url, link));
    writeFileSync(join(place, 'router.yaml'), stringify(own));
    routers.push(built.use(new RouterSlot(index, place, history)));
  }
  const ports = [...redisLinks, postgresLink].map(({ port }) => port);
  for (const name of SUBGRAPHS) ports.push(...WAYS.map((way) => portOf(name, way)));
  history.secrets.push(directory, join(import.meta.dirname, '..', '..'), ...ports.map((port) => `:${port}/`));

  const owned = built.move();
  return {
    routers,
    subgraphs: slots,
    redis,
    redisLinks,
    postgresLink,
    rateLimits,
    database,
    supergraph,
    routerConfig,
    tokenOf: createTokens(() => slots.get('user')?.port() ?? 0),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function configOf(supergraph: string, issuer: string) {
  const known = `${issuer}/.well-known`;
  const urls = { jwksUrl: `${known}/jwks.json`, revocationsUrl: `${known}/revoked-tokens` };
  const { anonymous, ...tiers } = Object.fromEntries(
    Object.entries(RATE_LIMITS).map(([name, points]) => [name, { points, windowS: WINDOW_S }]),
  );
  return {
    mode: 'production',
    listen: { port: 0 },
    admin: { enabled: false },
    supergraph: { file: supergraph },
    authentication: { issuers: [{ issuer, audience: 'tributary', ...urls }] },
    identity: { keys: [testKey] },
    rateLimit: { enabled: true, tiers, anonymous, instances: ROUTERS },
    traffic: {
      deadlineMs: DEADLINE_MS,
      all: { timeoutMs: DEADLINE_MS / 2, breaker: { openMs: 500, maxOpenMs: 2_000 } },
    },
    planning: { timeoutMs: PLANNING_MS },
    shutdown: { lameDuckMs: LAME_DUCK_MS, graceMs: GRACE_MS },
  };
}

/** Sends queries of every other router together, so that both ways to send them meet all faults. */
function configOfRouter(config: ReturnType<typeof configOf>, index: number, redisUrl: string) {
  const { traffic } = config;
  const all = { ...traffic.all, pipelining: index % 2 === 0 ? 16 : 1 };
  return { ...config, traffic: { ...traffic, all }, redis: { url: redisUrl } };
}

/** Raises the stock, so that no order fails because a product is sold out. */
async function stockUp(port: number, issuer: string): Promise<void> {
  const as = { id: 'user-7', roles: ['inventory'] };
  const query = 'mutation ($input: AdjustStockInput!) { adjustStock(input: $input) { id } }';
  for (const productId of [...ORDERED_PRODUCTS, ...DELIVERED_PRODUCTS]) {
    const variables = { input: { productId, warehouse: 'Rotterdam Harbour', delta: 100_000 } };
    const url = `http://127.0.0.1:${port}/graphql`;
    const { errors } = await callSigned(url, 'inventory', { query, variables, as, issuer, now: Date.now });
    if (errors.length > 0) throw new Error(errors[0]?.message);
  }
}

const TOKEN_AGE_MS = 300_000;

/**
 * Creates a source of access tokens. Logins go to the user service directly: they are not part of the test.
 */
function createTokens(userPort: () => number): Environment['tokenOf'] {
  const known = new Map<string, { token: string; at: number }>();
  return async ({ id, email }) => {
    const kept = known.get(id);
    if (kept !== undefined && performance.now() - kept.at < TOKEN_AGE_MS) return kept.token;
    // Updated before the login, so that concurrent callers keep the previous token meanwhile.
    if (kept !== undefined) known.set(id, { ...kept, at: performance.now() });
    const fresh = await login(userPort(), email).catch((error: unknown) => {
      if (kept !== undefined) return kept.token;
      throw error;
    });
    known.set(id, { token: fresh, at: performance.now() });
    return fresh;
  };
}

async function login(port: number, email: string): Promise<string> {
  const { data, errors } = await callSigned(`http://127.0.0.1:${port}/graphql`, 'user', {
    query:
      'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { accessToken } }',
    variables: { email, password: demoPassword },
    now: Date.now,
  });
  const token = (data as { login?: { accessToken: string } } | null)?.login?.accessToken;
  if (token === undefined) throw new Error(`${email} cannot log in: ${errors[0]?.message}`);
  return token;
}

/** Logs in all callers. */
export async function signIn(environment: Environment): Promise<void> {
  for (const caller of CALLERS) await environment.tokenOf(caller);
}

function addressOf(url: string, usualPort: number): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port || usualPort) };
}

function through(url: string, { port }: Proxy): string {
  const changed = new URL(url);
  changed.host = `127.0.0.1:${port}`;
  return changed.href;
}
