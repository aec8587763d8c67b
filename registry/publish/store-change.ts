import { applyRolloutChange, stateOf } from '../releases/apply-rollout.ts';
import type { InTransaction } from '../releases/apply-rollout.ts';
import { latestRelease } from '../releases/release-store.ts';
import { publishLaunch } from '../rollout/rollout-change.ts';
import type { Services } from '../services.ts';
import { recordAudit } from '../store/audit.ts';
import { addContractVersion } from '../store/contracts.ts';
import { storeDocuments } from '../store/documents.ts';
import { addLaunch, latestLaunch } from '../store/launches.ts';
import { addSubgraphVersion } from '../store/subgraphs.ts';
import type { LaunchRow, ReleaseRow, VariantRow } from '../store/tables.ts';
import { settingsOf } from '../variant-settings.ts';
import type { ComposedProposal } from './compose-proposal.ts';
import type { PendingChange, StoredOutcome } from './pending-change.ts';

/** A composed change that is to be stored. */
export type Storable = {
  readonly pending: PendingChange;
  readonly composed: ComposedProposal;
  readonly keyId: string;
};

/** Stores versions, launch and release in one transaction. The caller holds the lock of the variant. */
export async function storeChange(
  services: Services,
  { pending, composed, keyId }: Storable,
): Promise<StoredOutcome> {
  const { variant, subgraphs, contracts } = pending;
  return services.db.transaction().execute(async (db) => {
    const number = ((await latestLaunch(db, variant.id))?.number ?? 0) + 1;
    await storeVersions({ ...services, db }, { pending, keyId }, number);
    const launch = await storeLaunch({ ...services, db }, { pending, composed, keyId }, number);
    const release = await releaseLaunch({ ...services, db }, { variant, launch, keyId });
    const final = (await latestLaunch(db, variant.id)) ?? launch;
    const details = {
      launch: number,
      cause: final.cause,
      status: final.status,
      release: release?.sequence ?? null,
    };
    const event = { action: 'publish', graph: variant.graph, variant: variant.name, keyId, details };
    await recordAudit(db, event, services.now());
    return {
      created: subgraphs.created || contracts.created,
      updated: true,
      launch: final,
      check: composed.check ?? null,
      errors: launch.errors,
      sequence: release?.sequence,
    };
  });
}

async function storeVersions(
  { db, now }: InTransaction,
  { pending, keyId }: Pick<Storable, 'pending' | 'keyId'>,
  launch: number,
): Promise<void> {
  const { variant, subgraphs, contracts } = pending;
  const origin = { variant_id: variant.id, launch, key_id: keyId, created_at: new Date(now()) };
  for (const { name, sdl, routingUrl, author, commit } of subgraphs.changed) {
    const [sha256 = null] = sdl === null ? [] : await storeDocuments(db, [sdl], now());
    await addSubgraphVersion(db, { ...origin, name, sha256, routing_url: routingUrl, author, commit });
  }
  for (const { name, tags } of contracts.changed) {
    const { include = [], exclude = [], hideUnreachable = true } = tags ?? {};
    const stored = { include, exclude, hide_unreachable: hideUnreachable, deleted: tags === null };
    await addContractVersion(db, { ...origin, name, ...stored });
  }
}

/** Makes the release that serves a launch, or begins its canary. A failed launch changes nothing. */
async function releaseLaunch(
  services: InTransaction,
  { variant, launch, keyId }: { variant: VariantRow; launch: LaunchRow; keyId: string },
): Promise<ReleaseRow | undefined> {
  if (launch.status === 'FAILED') return undefined;
  const change = publishLaunch(stateOf(await latestRelease(services.db, variant.id)), {
    launch: launch.number,
    cause: launch.cause,
    settings: settingsOf(variant).rollout,
  });
  return applyRolloutChange(services, { variant, change, keyId });
}

async function storeLaunch(
  services: Services,
  { pending, composed, keyId }: Storable,
  number: number,
): Promise<LaunchRow> {
  const { variant, subgraphs } = pending;
  const texts = [composed.supergraphSdl, ...composed.contracts.map(({ sdl }) => sdl)];
  const stored = texts.filter((text) => text !== undefined && text !== null);
  const hashes = await storeDocuments(services.db, stored, services.now());
  const hashOf = (text: string | null | undefined) =>
    text == null ? null : (hashes[stored.indexOf(text)] ?? null);
  return addLaunch(services.db, {
    variant_id: variant.id,
    number,
    status: composed.errors.length === 0 ? 'COMPOSED' : 'FAILED',
    reason: null,
    cause: causeOf(pending),
    author: subgraphs.changed[0]?.author ?? null,
    key_id: keyId,
    created_at: new Date(services.now()),
    supergraph_sha256: composed.errors.length === 0 ? hashOf(composed.supergraphSdl) : null,
    errors: composed.errors,
    hints: composed.hints,
    contracts: composed.contracts.map(({ name, sdl, errors }) => ({ name, sha256: hashOf(sdl), errors })),
    check_id: composed.check?.id ?? null,
  });
}

function causeOf({ subgraphs, contracts }: PendingChange): string {
  const causes = [
    ...subgraphs.changed.map(({ name, sdl }) => `${sdl === null ? 'delete' : 'publish'} ${name}`),
    ...contracts.changed.map(({ name, tags }) => `${tags === null ? 'delete ' : ''}contract ${name}`),
  ];
  return causes.length > 5
    ? `${causes.slice(0, 5).join(', ')} and ${causes.length - 5} more`
    : causes.join(', ');
}
