import { fetchConnection } from '../../database/connection.ts';
import type { PageArguments } from '../../database/connection.ts';
import { withoutDeadInstance } from '../checks/run-check.ts';
import { latestRelease } from '../releases/release-store.ts';
import { activeRouters } from '../routers/router-reports.ts';
import type { RouterReport } from '../routers/router-reports.ts';
import { contractsOf } from '../store/contracts.ts';
import { readDocuments, requireText } from '../store/documents.ts';
import { findLaunch, requireLaunch } from '../store/launches.ts';
import { currentSubgraphs, latestVersion, subgraphsOfLaunch } from '../store/subgraphs.ts';
import type {
  CheckRow,
  ContractVersion,
  LaunchRow,
  RegistryDatabase,
  RegistryTables,
  ReleaseRow,
  StoredContractResult,
  SubgraphVersion,
  VariantRow,
} from '../store/tables.ts';
import type { Selectable } from 'kysely';
import { refOf } from '../store/variants.ts';
import { settingsOf } from '../variant-settings.ts';
import { canaryResolvers } from './canary-resolvers.ts';
import { checkUrl } from './console-url.ts';
import { usageResolvers } from './usage-resolvers.ts';
import type { ApiContext, Resolvers } from './graphql-handler.ts';

/** Resolvers of all types but the root ones. Sources are rows of the store. */
export const typeResolvers: Resolvers = {
  Graph: {
    createdAt: timeOf('created_at'),
    variants: ({ name }: { name: string }, _, { services }) =>
      services.db.selectFrom('variants').selectAll().where('graph', '=', name).orderBy('name').execute(),
  },
  Variant: {
    ref: (variant: VariantRow) => refOf(variant),
    createdAt: timeOf('created_at'),
    subgraphs: ({ id }: VariantRow, _, { services }) => currentSubgraphs(services.db, id),
    async subgraph({ id }: VariantRow, { name }: { name: string }, { services }) {
      const version = await latestVersion(services.db, id, name);
      return version === undefined || version.sha256 === null ? null : version;
    },
    launch: async ({ id }: VariantRow, { number }: { number: number }, { services }) =>
      (await findLaunch(services.db, id, number)) ?? null,
    launches: ({ id }: VariantRow, page: PageArguments, { services }) =>
      fetchConnection(
        services.db.selectFrom('launches').selectAll().where('variant_id', '=', id),
        {
          name: 'launches',
          columns: ['number'],
          direction: 'desc',
          keysetOf: ({ number }) => [String(number)],
        },
        page,
      ),
    serving: async ({ id }: VariantRow, _, { services }) =>
      launchOf(services.db, await latestRelease(services.db, id), 'serving_launch'),
    canary: async ({ id }: VariantRow, _, { services }) =>
      launchOf(services.db, await latestRelease(services.db, id), 'canary_launch'),
    release: async ({ id }: VariantRow, _, { services }) => (await latestRelease(services.db, id)) ?? null,
    checks: ({ id }: VariantRow, page: PageArguments, { services }) =>
      fetchConnection(
        services.db.selectFrom('checks').selectAll().where('variant_id', '=', id),
        {
          name: 'checks',
          columns: ['created_at', 'id'],
          direction: 'desc',
          keysetOf: (check) => [check.created_at.toISOString(), check.id],
        },
        page,
      ),
    contracts: ({ id }: VariantRow, _, { services }) => contractsOf(services.db, id),
    routers: ({ id }: VariantRow, _, { services }) => activeRouters(services.db, id, services.now()),
    settings: (variant: VariantRow) => settingsOf(variant),
    ...usageResolvers,
  },
  Subgraph: {
    routingUrl: ({ routing_url }: SubgraphVersion) => routing_url,
    publishedAt: timeOf('created_at'),
    deleted: ({ sha256 }: SubgraphVersion) => sha256 === null,
    sha256: ({ sha256 }: SubgraphVersion) => sha256 ?? '',
    sdl: ({ sha256 }: SubgraphVersion, _, context) => textOf(context, sha256) ?? '',
    versions: ({ variant_id, name }: SubgraphVersion, page: PageArguments, { services }) =>
      fetchConnection(
        services.db
          .selectFrom('subgraph_versions')
          .selectAll()
          .where('variant_id', '=', variant_id)
          .where('name', '=', name),
        {
          name: 'versions',
          columns: ['version'],
          direction: 'desc',
          keysetOf: ({ version }) => [String(version)],
        },
        page,
      ),
  },
  Launch: {
    createdAt: timeOf('created_at'),
    supergraphSha256: ({ supergraph_sha256 }: LaunchRow) => supergraph_sha256,
    supergraph: ({ supergraph_sha256 }: LaunchRow, _, context) => textOf(context, supergraph_sha256),
    subgraphs: ({ variant_id, number }: LaunchRow, _, { services }) =>
      subgraphsOfLaunch(services.db, variant_id, number),
    check: ({ check_id }: LaunchRow, _, { services }) =>
      check_id === null
        ? null
        : services.db.selectFrom('checks').selectAll().where('id', '=', check_id).executeTakeFirst(),
  },
  LaunchContract: {
    sdl: ({ sha256 }: StoredContractResult, _, context) => textOf(context, sha256),
  },
  Check: {
    status: (check: CheckRow, _, { services }) => withoutDeadInstance(check, services.now()).status,
    error: (check: CheckRow, _, { services }) => withoutDeadInstance(check, services.now()).error,
    createdAt: timeOf('created_at'),
    finishedAt: timeOf('finished_at'),
    url: (check: CheckRow, _, { services }) => checkUrl(services, check),
  },
  Release: {
    issuedAt: timeOf('issued_at'),
    serving: (release: ReleaseRow, _, { services }) =>
      requireLaunch(services.db, release.variant_id, release.serving_launch),
    canary: (release: ReleaseRow, _, { services }) => launchOf(services.db, release, 'canary_launch'),
    canaryPercent: ({ canary_percent }: ReleaseRow) => canary_percent,
    canaryState: ({ canary_state }: ReleaseRow) => canary_state?.toUpperCase() ?? null,
    ...canaryResolvers,
  },
  Contract: {
    hideUnreachable: ({ hide_unreachable }: ContractVersion) => hide_unreachable,
    publishedAt: timeOf('created_at'),
    async sdl({ variant_id, name }: ContractVersion, _, context) {
      const { db } = context.services;
      const serving = await launchOf(db, await latestRelease(db, variant_id), 'serving_launch');
      const result = serving?.contracts.find((contract) => contract.name === name);
      return textOf(context, result?.sha256 ?? null);
    },
  },
  RouterInstance: {
    reportedAt: timeOf('reportedAt'),
    serving: ({ serving }: RouterReport) => serving?.launch ?? null,
    servingSince: ({ serving }: RouterReport) => serving?.since ?? null,
    canary: ({ canary }: RouterReport) => canary?.launch ?? null,
    canarySince: ({ canary }: RouterReport) => canary?.since ?? null,
  },
  Key: {
    createdAt: timeOf('created_at'),
    expiresAt: timeOf('expires_at'),
    revokedAt: timeOf('revoked_at'),
  },
  AuditEntry: {
    at: timeOf('at'),
    keyId: ({ key_id }: Selectable<RegistryTables['audit']>) => key_id,
    keyName: ({ key_name }: { key_name: string | null }) => key_name,
  },
};

function timeOf(column: string) {
  return (row: Readonly<Record<string, unknown>>): string | null => {
    const value = row[column];
    return value instanceof Date ? value.toISOString() : null;
  };
}

async function launchOf(
  db: RegistryDatabase,
  release: ReleaseRow | undefined,
  which: 'serving_launch' | 'canary_launch',
): Promise<LaunchRow | null> {
  const number = release?.[which] ?? null;
  return release === undefined || number === null ? null : requireLaunch(db, release.variant_id, number);
}

function textOf({ services }: ApiContext, sha256: string | null): Promise<string> | null {
  if (sha256 === null) return null;
  return readDocuments(services.db, [sha256]).then((texts) => requireText(texts, sha256));
}
