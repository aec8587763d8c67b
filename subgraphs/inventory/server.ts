import { openDatabase } from '../../database/database.ts';
import { type Parts, runSubgraph } from '../shared/run.ts';
import { type RunningSubgraph, serveSubgraph } from '../shared/serve.ts';
import type { Settings } from '../shared/settings.ts';
import { type InventoryTables, migrations } from './data.ts';
import { createLoaders } from './loaders.ts';
import { type InventoryContext, resolvers } from './resolvers.ts';
import { seed } from './seed.ts';

export async function startInventory(settings: Settings, parts: Parts): Promise<RunningSubgraph> {
  const { db, isReady, close } = await openDatabase<InventoryTables>({
    location: settings.database,
    migrations,
    seed,
    onQuery: parts.onQuery,
  });
  return serveSubgraph<InventoryContext>(settings, parts, {
    schema: new URL('./schema.graphql', import.meta.url),
    resolvers,
    createContext: (facts) => ({ ...facts, db, loaders: createLoaders(db) }),
    isReady,
    close,
  });
}

if (import.meta.main) await runSubgraph('inventory', startInventory);
