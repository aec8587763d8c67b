import { openDatabase } from '../../database/database.ts';
import { type Parts, runSubgraph } from '../shared/run.ts';
import { type RunningSubgraph, serveSubgraph } from '../shared/serve.ts';
import type { Settings } from '../shared/settings.ts';
import { migrations, type ShippingTables } from './data.ts';
import { createLoaders } from './loaders.ts';
import { resolvers, type ShippingContext } from './resolvers.ts';
import { seed } from './seed.ts';

export async function startShipping(settings: Settings, parts: Parts): Promise<RunningSubgraph> {
  const { db, isReady, close } = await openDatabase<ShippingTables>({
    location: settings.database,
    migrations,
    seed,
    onQuery: parts.onQuery,
  });
  return serveSubgraph<ShippingContext>(settings, parts, {
    schema: new URL('./schema.graphql', import.meta.url),
    resolvers,
    createContext: (facts) => ({ ...facts, db, now: parts.now, loaders: createLoaders(db) }),
    isReady,
    close,
  });
}

if (import.meta.main) await runSubgraph('shipping', startShipping);
