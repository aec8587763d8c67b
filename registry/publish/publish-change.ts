import { RegistryError } from '../errors.ts';
import { assertRole } from '../keys/api-keys.ts';
import type { Principal } from '../keys/api-keys.ts';
import { applyRolloutChange, stateOf } from '../releases/apply-rollout.ts';
import type { InTransaction } from '../releases/apply-rollout.ts';
import { latestRelease } from '../releases/release-store.ts';
import { publishLaunch } from '../rollout/rollout-change.ts';
import type { Services } from '../services.ts';
import { addContractVersion, contractsOf } from '../store/contracts.ts';
import { recordAudit } from '../store/audit.ts';
import { storeDocuments } from '../store/documents.ts';
import { addLaunch, latestLaunch } from '../store/launches.ts';
import { addSubgraphVersion, currentSubgraphs } from '../store/subgraphs.ts';
import type {
  CheckRow,
  LaunchRow,
  RegistryDatabase,
  ReleaseRow,
  StoredFinding,
  VariantRow,
} from '../store/tables.ts';
import { settingsOf } from '../variant-settings.ts';
import { ensureVariant, findVariant, requireVariant } from '../store/variants.ts';
import type { GraphRef } from '../store/variants.ts';
import { checkBeforePublish } from './check-before-publish.ts';
import { composeProposal } from './compose-proposal.ts';
import type { ComposedProposal } from './compose-proposal.ts';
import { applyChange, applyContractChange, assertValidChange, syntaxErrors } from './variant-change.ts';
import type { ContractProposal, Proposal, VariantChange } from './variant-change.ts';

export type PublishOutcome = {
  readonly created: boolean;
  readonly updated: boolean;
  readonly launch: LaunchRow | null;
  readonly check: CheckRow | null;
  readonly errors: readonly StoredFinding[];
};

export type PublishRequest = {
  readonly ref: GraphRef;
  readonly change: VariantChange;
  /** Composes and checks the change without storing it. */
  readonly dryRun?: boolean;
};

/** A change that was applied to the current state of its variant, in memory. */
export type PendingChange = {
  readonly variant: VariantRow;
  readonly subgraphs: Proposal;
  readonly contracts: ContractProposal;
  readonly allowBreaking: boolean;
};

/**
 * Publishes a change: composes the variant with it, checks it against the recorded operations, and stores
 * versions, launch and release in one transaction. Changes of a variant are applied one after another.
 */
export async function publishChange(
  services: Services,
  principal: Principal,
  request: PublishRequest,
): Promise<PublishOutcome> {
  const { ref, change } = request;
  assertValidChange(change, services.settings.maxSdlBytes);
  const errors = syntaxErrors(change);
  if (errors.length > 0) return { created: false, updated: false, launch: null, check: null, errors };
  const variant = await variantFor(services, principal, ref);
  const { sequence, ...outcome } = await services.withVariantLock(variant.id, (db) =>
    publishLocked({ ...services, db }, principal.id, request),
  );
  if (sequence !== undefined) services.changes.announce(variant.id, sequence);
  return outcome;
}

async function publishLocked(
  services: Services,
  keyId: string,
  { ref, change, dryRun = false }: PublishRequest,
): Promise<StoredOutcome> {
  const pending = await pendingChange(services.db, ref, change);
  if (pending.subgraphs.changed.length + pending.contracts.changed.length === 0)
    return unchanged(services.db, pending.variant);
  const composed = await composeProposal(services, pending);
  const checked = await checkBeforePublish(services, { pending, composed, keyId });
  if (checked.rejected !== undefined) return checked.rejected;
  if (dryRun) return tried(pending, composed, checked.check);
  return storeChange(services, { pending, composed: { ...composed, check: checked.check }, keyId });
}

function tried(
  { subgraphs, contracts }: PendingChange,
  { errors }: ComposedProposal,
  check: CheckRow | undefined,
): PublishOutcome {
  const created = subgraphs.created || contracts.created;
  return { created, updated: false, launch: null, check: check ?? null, errors };
}

/** The variant to publish to; an admin key creates it. */
async function variantFor(services: Services, principal: Principal, ref: GraphRef): Promise<VariantRow> {
  assertRole(principal, 'PUBLISH', ref.graph);
  const existing = await findVariant(services.db, ref);
  if (existing !== undefined) return existing;
  if (principal.role !== 'ADMIN')
    throw new RegistryError(
      'NOT_FOUND',
      `there is no variant ${ref.graph}@${ref.variant}; a key with the role ADMIN creates it with its first publish`,
    );
  return services.db.transaction().execute(async (transaction) => {
    const variant = await ensureVariant(transaction, ref, services.now());
    const event = { action: 'createVariant', graph: ref.graph, variant: ref.variant, keyId: principal.id };
    await recordAudit(transaction, event, services.now());
    return variant;
  });
}

async function pendingChange(
  db: RegistryDatabase,
  ref: GraphRef,
  change: VariantChange,
): Promise<PendingChange> {
  const variant = await requireVariant(db, ref);
  return {
    variant,
    subgraphs: applyChange(await currentSubgraphs(db, variant.id), change),
    contracts: applyContractChange(await contractsOf(db, variant.id), change),
    allowBreaking: change.allowBreaking,
  };
}

type StoredOutcome = PublishOutcome & { readonly sequence?: number | undefined };

async function unchanged(db: RegistryDatabase, variant: VariantRow): Promise<StoredOutcome> {
  const launch = (await latestLaunch(db, variant.id)) ?? null;
  return { created: false, updated: false, launch, check: null, errors: launch?.errors ?? [] };
}

type Storable = {
  readonly pending: PendingChange;
  readonly composed: ComposedProposal;
  readonly keyId: string;
};

async function storeChange(
  services: Services,
  { pending, composed, keyId }: Storable,
): Promise<StoredOutcome> {
  const { variant, subgraphs, contracts } = pending;
  const now = new Date(services.now());
  return services.db.transaction().execute(async (db) => {
    const number = ((await latestLaunch(db, variant.id))?.number ?? 0) + 1;
    const origin = { variant_id: variant.id, launch: number, key_id: keyId, created_at: now };
    for (const { name, sdl, routingUrl, author, commit } of subgraphs.changed) {
      const [sha256 = null] = sdl === null ? [] : await storeDocuments(db, [sdl], services.now());
      await addSubgraphVersion(db, { ...origin, name, sha256, routing_url: routingUrl, author, commit });
    }
    for (const { name, tags } of contracts.changed) {
      const { include = [], exclude = [], hideUnreachable = true } = tags ?? {};
      const stored = { include, exclude, hide_unreachable: hideUnreachable, deleted: tags === null };
      await addContractVersion(db, { ...origin, name, ...stored });
    }
    const launch = await storeLaunch({ ...services, db }, { pending, composed, keyId }, number);
    const release = await releaseLaunch({ ...services, db }, { variant, launch, keyId });
    await recordAudit(
      db,
      {
        action: 'publish',
        graph: variant.graph,
        variant: variant.name,
        keyId,
        details: {
          launch: number,
          cause: launch.cause,
          status: launch.status,
          release: release?.sequence ?? null,
        },
      },
      services.now(),
    );
    return {
      created: subgraphs.created || contracts.created,
      updated: true,
      launch: (await latestLaunch(db, variant.id)) ?? launch,
      check: composed.check ?? null,
      errors: launch.errors,
      sequence: release?.sequence,
    };
  });
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
