import { sql } from 'kysely';
import type { RegistryDatabase, SubgraphVersion } from './tables.ts';

/** Reads the latest version of each subgraph of a variant, by name, without those that were removed. */
export async function currentSubgraphs(
  db: RegistryDatabase,
  variantId: number,
): Promise<readonly SubgraphVersion[]> {
  return db
    .selectFrom('subgraph_heads')
    .innerJoin('subgraph_versions', (join) =>
      join
        .onRef('subgraph_versions.variant_id', '=', 'subgraph_heads.variant_id')
        .onRef('subgraph_versions.name', '=', 'subgraph_heads.name')
        .onRef('subgraph_versions.version', '=', 'subgraph_heads.version'),
    )
    .selectAll('subgraph_versions')
    .where('subgraph_heads.variant_id', '=', variantId)
    .where('subgraph_versions.sha256', 'is not', null)
    .orderBy('subgraph_heads.name')
    .execute();
}

/** Reads the subgraphs that a launch was composed of, by name. */
export async function subgraphsOfLaunch(
  db: RegistryDatabase,
  variantId: number,
  launch: number,
): Promise<readonly SubgraphVersion[]> {
  const latest = await db
    .selectFrom('subgraph_versions')
    .distinctOn('name')
    .selectAll()
    .where('variant_id', '=', variantId)
    .where('launch', '<=', launch)
    .orderBy('name')
    .orderBy('version', 'desc')
    .execute();
  return latest.filter(({ sha256 }) => sha256 !== null);
}

/** Reads the latest version of a subgraph, also one that removed it. */
export async function latestVersion(
  db: RegistryDatabase,
  variantId: number,
  name: string,
): Promise<SubgraphVersion | undefined> {
  return db
    .selectFrom('subgraph_versions')
    .selectAll()
    .where('variant_id', '=', variantId)
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Adds a version, numbered after the latest one of the subgraph, and makes it the current one. */
export async function addSubgraphVersion(
  db: RegistryDatabase,
  version: Omit<SubgraphVersion, 'version'>,
): Promise<SubgraphVersion> {
  const previous = await latestVersion(db, version.variant_id, version.name);
  const row = { ...version, version: (previous?.version ?? 0) + 1 };
  await db.insertInto('subgraph_versions').values(row).execute();
  await db
    .insertInto('subgraph_heads')
    .values({ variant_id: row.variant_id, name: row.name, version: row.version })
    .onConflict((conflict) =>
      conflict.columns(['variant_id', 'name']).doUpdateSet({ version: sql`excluded.version` }),
    )
    .execute();
  return row;
}
