import type { Logger } from 'pino';
import type { Kysely } from 'kysely';
import { openDatabase } from '../../database/database.ts';
import { dependencyUnavailable, shopError } from '../shared/errors.ts';
import { backgroundWork, type InboundRequest } from '../shared/inbound-request.ts';
import { type Parts, runSubgraph } from '../shared/run.ts';
import { type RunningSubgraph, serveSubgraph } from '../shared/serve.ts';
import { type CallService, createServiceClient } from './service-client.ts';
import { ownServiceKey, type Settings } from '../shared/settings.ts';
import { migrations, type OrderTables } from './data.ts';
import { abortPlacement, unfinishedPlacements } from './placements.ts';
import { pendingReleases, deletePendingRelease } from './pending-releases.ts';
import { createShipmentFollower } from './follow-shipments.ts';
import { createLoaders } from './loaders.ts';
import { type Inventory, type OrderContext, resolvers } from './resolvers.ts';
import { seed } from './seed.ts';

const intervalMs = 15_000;
// Ten times the duration of a placement whose calls all time out, so that it is no longer in progress.
const abortedAfterMs = 60_000;

export async function startOrder(settings: Settings, parts: Parts): Promise<RunningSubgraph> {
  const { productUrl, shippingUrl, orderExpiryMs: expiryMs, tls } = settings;
  const { now, monotonic, log, tracing } = parts;
  const { db, isReady, close } = await openDatabase<OrderTables>({
    location: settings.database,
    migrations,
    seed,
    onQuery: parts.onQuery,
  });
  const client = { caller: 'order', key: ownServiceKey(settings), now, monotonic, tls, log, tracing };
  const callService = createServiceClient(client);
  const inventory = createInventory(callService, settings.inventoryUrl);
  const follow = createShipmentFollower({ db, callService, shippingUrl, expiryMs, now, log });
  // In this order, so that the same run releases the stock of expired orders.
  const stopTasks = repeat({ shipments: follow, recovery: () => recover(db, inventory, now) }, log);
  return serveSubgraph<OrderContext>(settings, parts, {
    schema: new URL('./schema.graphql', import.meta.url),
    resolvers,
    createContext: (facts) => {
      const loaders = createLoaders({ db, callService, productUrl, inbound: facts.inbound });
      return { ...facts, db, now, inventory, loaders, limits: settings.orderLimits };
    },
    isReady,
    close: async () => {
      await stopTasks();
      await close();
    },
  });
}

const reserveMutation = /* GraphQL */ `
  mutation ReserveForOrder($reservationId: ID!, $items: [ReserveStockItemInput!]!) {
    reserveStock(reservationId: $reservationId, items: $items) {
      status
    }
  }
`;

const releaseMutation = /* GraphQL */ `
  mutation ReleaseForOrder($reservationId: ID!) {
    releaseStock(reservationId: $reservationId) {
      status
    }
  }
`;

function createInventory(callService: CallService, url: string): Inventory {
  const call = async (query: string, variables: Record<string, unknown>, inbound: InboundRequest) => {
    const { errors } = await callService({ url, audience: 'inventory', query, variables, inbound });
    const [error] = errors;
    if (error?.code === 'CONFLICT') throw shopError('CONFLICT', error.message);
    if (error !== undefined) throw dependencyUnavailable('inventory', new Error(error.message));
  };
  return {
    reserve: (reservationId, items, inbound) => call(reserveMutation, { reservationId, items }, inbound),
    release: (reservationId, inbound) => call(releaseMutation, { reservationId }, inbound),
  };
}

/** Aborts placements that a crash has interrupted, and releases their stock and that of cancelled orders. */
async function recover(db: Kysely<OrderTables>, inventory: Inventory, now: () => number): Promise<void> {
  for (const orderId of await unfinishedPlacements(db, new Date(now() - abortedAfterMs))) {
    await abortPlacement(db, orderId);
  }
  for (const orderId of await pendingReleases(db)) {
    await inventory.release(orderId, backgroundWork('recovery'));
    await deletePendingRelease(db, orderId);
  }
}

/** Runs the tasks in sequence, at once and periodically, without overlap; the returned function stops it. */
function repeat(tasks: Readonly<Record<string, () => Promise<void>>>, log: Logger): () => Promise<void> {
  const run = async () => {
    for (const [task, work] of Object.entries(tasks)) {
      await work().catch((error: unknown) => log.warn({ err: error, task }, 'background task deferred'));
    }
  };
  let running = run();
  const timer = setInterval(() => {
    running = running.then(run);
  }, intervalMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}

if (import.meta.main) await runSubgraph('order', startOrder);
