import type { Logger } from 'pino';
import { openDatabase } from '../database/database.ts';
import type { Database } from '../database/database.ts';
import { listen } from './http/http-server.ts';
import { createRoutes } from './http/routes.ts';
import { createApiKey } from './keys/api-keys.ts';
import { loadSigner, storeSigningKey } from './keys/signer.ts';
import type { Signer } from './keys/signer.ts';
import { countActiveRouters } from './routers/router-reports.ts';
import type { Services } from './services.ts';
import type { RegistrySettings } from './settings.ts';
import { startRetention } from './store/retention.ts';
import { createChanges } from './store/changes.ts';
import { migrations } from './store/migrations.ts';
import type { RegistryDatabase, RegistryTables } from './store/tables.ts';
import { createVariantLock } from './store/variant-lock.ts';
import { createRegistryMetrics } from './telemetry/metrics.ts';
import { createTaskThread } from './threads/task-thread.ts';
import { readRecordedOperations } from './usage/recorded-operations.ts';

/** The clock and log of a registry; tests pass their own. */
export type RegistryParts = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Logger;
  /** Receives every SQL statement. */
  readonly onQuery?: (statement: string) => void;
};

export type Registry = AsyncDisposable & {
  /** Base of all addresses, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** The admin key for all graphs if this start has created it, else null. It cannot be read again. */
  readonly adminKey: string | null;
  /** Creates another admin key for all graphs, for an operator who has lost all others. */
  readonly createAdminKey: () => Promise<string>;
  /** Lets requests in flight finish, and closes the database. */
  readonly close: () => Promise<void>;
};

/** Starts a registry. Several may start at the same time on one Postgres. */
export async function startRegistry(settings: RegistrySettings, parts: RegistryParts): Promise<Registry> {
  await using started = new AsyncDisposableStack();
  const { database, adminKey } = await openStore(settings, parts);
  started.defer(database.close);
  const { db } = database;
  await storeSigningKey(db, settings.signingKey, parts.now());
  const signer: Signer = await loadSigner(db);
  const background = new Set<Promise<unknown>>();
  started.defer(async () => void (await Promise.allSettled(background)));
  const changes = started.use(createChanges(db));
  const metrics = createRegistryMetrics({
    openLongPolls: changes.waiting,
    routers: () => countActiveRouters(db, parts.now()),
  });
  const services: Services = {
    db,
    settings,
    log: parts.log,
    now: parts.now,
    withVariantLock: createVariantLock(db, settings.database),
    changes: {
      ...changes,
      announce(variantId, sequence) {
        metrics.countRelease();
        changes.announce(variantId, sequence);
      },
    },
    metrics,
    signer: () => signer,
    composer: started.use(createTaskThread()),
    checker: started.use(createTaskThread()),
    inBackground(work) {
      const ended = work.catch((error: unknown) => parts.log.error({ err: error }, 'background work failed'));
      background.add(ended);
      void ended.then(() => background.delete(ended));
    },
    recordedOperations: ({ id }, sinceDays) =>
      readRecordedOperations(db, id, { sinceDays, now: parts.now() }),
  };
  started.use(startRetention(services));
  const server = await listen(settings, createRoutes({ services, isReady: database.isReady }));
  started.defer(server.close);
  const url = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${server.port}`;
  const running = started.move();
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= running.disposeAsync().then(() => parts.log.info('registry stopped')));
  const createAdminKey = () => createFirstKey(db, 'admin key of the operator', parts);
  return { url, port: server.port, adminKey, createAdminKey, close, [Symbol.asyncDispose]: close };
}

type OpenStore = { readonly database: Database<RegistryTables>; readonly adminKey: string | null };

/** Opens the database. The first start on it creates the signing key and the first admin key. */
async function openStore(settings: RegistrySettings, parts: RegistryParts): Promise<OpenStore> {
  let adminKey: string | null = null;
  const database = await openDatabase<RegistryTables>({
    location: settings.database,
    migrations,
    onQuery: parts.onQuery,
    async seed(db) {
      await storeSigningKey(db, settings.signingKey, parts.now());
      adminKey = await createFirstKey(db, 'first admin key', parts);
    },
  });
  return { database, adminKey };
}

async function createFirstKey(
  db: RegistryDatabase,
  name: string,
  { now }: Pick<RegistryParts, 'now'>,
): Promise<string> {
  const { kid } = await loadSigner(db);
  const key = { graph: null, role: 'ADMIN', name, expiresAt: null } as const;
  return (await createApiKey(db, key, { now: now(), thumbprint: kid })).text;
}
