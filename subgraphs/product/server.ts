import { openDatabase } from '../../database/database.ts';
import { type Parts, runSubgraph } from '../shared/run.ts';
import { serveSubgraph, type RunningSubgraph } from '../shared/serve.ts';
import type { Settings } from '../shared/settings.ts';
import { migrations, type ProductTables } from './data.ts';
import { createLoaders } from './loaders.ts';
import { createResolvers, type ProductContext } from './resolvers.ts';
import { seed } from './seed.ts';

export async function startProduct(settings: Settings, parts: Parts): Promise<RunningSubgraph> {
  const { db, isReady, close } = await openDatabase<ProductTables>({
    location: settings.database,
    migrations,
    seed,
    onQuery: parts.onQuery,
  });
  return serveSubgraph<ProductContext>(settings, parts, {
    schema: new URL('schema.graphql', import.meta.url),
    resolvers: createResolvers(db, parts.now),
    createContext: (facts) => ({ ...facts, loaders: createLoaders(db) }),
    isReady,
    close,
  });
}

if (import.meta.main) await runSubgraph('product', startProduct);
