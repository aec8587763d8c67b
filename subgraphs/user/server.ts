import { openDatabase } from '../../database/database.ts';
import { type Parts, runSubgraph } from '../shared/run.ts';
import { serveSubgraph, type RunningSubgraph } from '../shared/serve.ts';
import type { Settings } from '../shared/settings.ts';
import { migrations, type UserTables } from './data.ts';
import { setDemoLogins } from './demo-logins.ts';
import { createHashing } from './issuer/hashing.ts';
import { listRevoked, openRevocationStream } from './issuer/revocations.ts';
import { ensureSigningKey, publishedKeys } from './issuer/signing-keys.ts';
import { createLoaders } from './loaders.ts';
import { createResolvers, type UserContext } from './resolvers.ts';
import { seed } from './seed.ts';

export async function startUser(settings: Settings, parts: Parts): Promise<RunningSubgraph> {
  const { db, isReady, close } = await openDatabase<UserTables>({
    location: settings.database,
    migrations,
    seed,
    onQuery: parts.onQuery,
  });
  const clock = () => new Date(parts.now());
  await setDemoLogins(db, settings.demoLogins, clock());
  await ensureSigningKey(db, clock());
  const revocations = openRevocationStream({
    db,
    redisUrl: settings.redisUrl,
    issuer: settings.issuerUrl,
    now: parts.now,
    log: parts.log,
  });
  return serveSubgraph<UserContext>(settings, parts, {
    schema: new URL('schema.graphql', import.meta.url),
    resolvers: createResolvers({
      db,
      clock,
      issuer: settings.issuerUrl,
      revocations,
      hashing: createHashing(),
    }),
    createContext: (facts) => ({ ...facts, loaders: createLoaders(db) }),
    isReady,
    routes: {
      '/.well-known/jwks.json': async () => ({ keys: await publishedKeys(db, clock()) }),
      '/.well-known/revoked-tokens': async () => ({ revoked: await listRevoked(db, clock()) }),
    },
    async close() {
      await revocations.close();
      await close();
    },
  });
}

if (import.meta.main) await runSubgraph('user', startUser);
