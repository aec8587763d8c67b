import { RegistryError } from '../errors.ts';
import { assertRole } from '../keys/api-keys.ts';
import type { Principal } from '../keys/api-keys.ts';
import type { Services } from '../services.ts';
import { recordAudit } from '../store/audit.ts';
import { contractsOf } from '../store/contracts.ts';
import { latestLaunch } from '../store/launches.ts';
import { currentSubgraphs } from '../store/subgraphs.ts';
import type { CheckRow, RegistryDatabase, VariantRow } from '../store/tables.ts';
import type { PublishResultLabel } from '../telemetry/metrics.ts';
import { ensureVariant, findVariant, requireVariant } from '../store/variants.ts';
import type { GraphRef } from '../store/variants.ts';
import { checkBeforePublish } from './check-before-publish.ts';
import { composeProposal } from './compose-proposal.ts';
import type { ComposedProposal } from './compose-proposal.ts';
import type { PendingChange, PublishOutcome, StoredOutcome } from './pending-change.ts';
import { storeChange } from './store-change.ts';
import { applyChange, applyContractChange, assertValidChange, syntaxErrors } from './variant-change.ts';
import type { VariantChange } from './variant-change.ts';

export type PublishRequest = {
  readonly ref: GraphRef;
  readonly change: VariantChange;
  /** Composes and checks the change without storing it. */
  readonly dryRun?: boolean;
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
  const count = (result: PublishResultLabel) => {
    if (request.dryRun !== true) services.metrics.countPublish(result);
  };
  try {
    const outcome = await performChange(services, principal, request);
    count(resultOf(outcome));
    return outcome;
  } catch (error) {
    count(error instanceof RegistryError ? 'rejected' : 'error');
    throw error;
  }
}

function resultOf({ updated, launch, errors }: PublishOutcome): PublishResultLabel {
  if (updated) return errors.length > 0 ? 'composition_failed' : 'published';
  return launch === null && errors.length > 0 ? 'rejected' : 'unchanged';
}

async function performChange(
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
  const invalid = invalidContract(pending, composed);
  if (invalid !== undefined) return invalid;
  const checked = await checkBeforePublish(services, { pending, composed, keyId });
  if (checked.rejected !== undefined) return checked.rejected;
  if (dryRun) return tried(pending, composed, checked.check);
  return storeChange(services, { pending, composed: { ...composed, check: checked.check }, keyId });
}

/**
 * Returns the rejection of a contract that cannot be served: stored, it would fail every later launch.
 * Contracts that an earlier publish has stored fail the launch instead.
 */
function invalidContract(
  { contracts: { changed } }: PendingChange,
  { supergraphSdl, errors, contracts }: ComposedProposal,
): PublishOutcome | undefined {
  const names = changed.filter(({ tags }) => tags !== null).map(({ name }) => name);
  if (names.length === 0) return undefined;
  const own = contracts.filter(({ name }) => names.includes(name)).flatMap((contract) => contract.errors);
  const reasons = supergraphSdl === undefined ? errors : own;
  if (reasons.length === 0) return undefined;
  return { created: false, updated: false, launch: null, check: null, errors: reasons };
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
      `there is no variant ${ref.graph}@${ref.variant}; a key with the role admin creates it with its first publish`,
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

async function unchanged(db: RegistryDatabase, variant: VariantRow): Promise<StoredOutcome> {
  const launch = (await latestLaunch(db, variant.id)) ?? null;
  return { created: false, updated: false, launch, check: null, errors: launch?.errors ?? [] };
}
