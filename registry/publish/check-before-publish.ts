import { startCheck } from '../checks/run-check.ts';
import { latestRelease } from '../releases/release-store.ts';
import type { Services } from '../services.ts';
import type { CheckRow, VariantRow } from '../store/tables.ts';
import { readUnlisted } from '../usage/unlisted-usage.ts';
import { settingsOf } from '../variant-settings.ts';
import { composedSubgraphs } from './compose-proposal.ts';
import type { ComposedProposal } from './compose-proposal.ts';
import type { PendingChange, PublishOutcome } from './pending-change.ts';

export type CheckedPublish = {
  readonly check: CheckRow | undefined;
  /** The outcome of a publish that is rejected. */
  readonly rejected?: PublishOutcome;
};

export type PublishToCheck = {
  readonly pending: PendingChange;
  readonly composed: ComposedProposal;
  readonly keyId: string;
};

/**
 * Checks a composed change against the recorded operations. Without recorded use or a served supergraph,
 * nothing can break.
 */
export async function checkBeforePublish(
  services: Services,
  { pending, composed, keyId }: PublishToCheck,
): Promise<CheckedPublish> {
  const { variant, subgraphs, contracts, allowBreaking } = pending;
  const { publish, checks } = settingsOf(variant);
  if (publish === 'UNCHECKED' || composed.errors.length > 0) return { check: undefined };
  if ((await latestRelease(services.db, variant.id)) === undefined) return { check: undefined };
  if (!(await hasRecordedUse(services, variant, checks.sinceDays ?? null))) return { check: undefined };
  const { ended } = await startCheck(services, {
    variant,
    subgraph: subgraphs.changed.length === 1 ? (subgraphs.changed[0]?.name ?? null) : null,
    after: { subgraphs: await composedSubgraphs(services, subgraphs.subgraphs) },
    contracts: contracts.contracts.map((contract) => ({
      ...contract,
      before: contracts.current.find(({ name }) => name === contract.name) ?? null,
    })),
    settings: {},
    keyId,
  });
  const check = await ended;
  if (check.status === 'PASSED' || allowBreaking) return { check };
  return { check, rejected: rejectionBy(check) };
}

async function hasRecordedUse(
  { db, now, recordedOperations }: Services,
  variant: VariantRow,
  sinceDays: number | null,
): Promise<boolean> {
  if ((await recordedOperations(variant, sinceDays)).length > 0) return true;
  const unlisted = await readUnlisted(db, variant.id, { sinceDays, now: now() });
  return Object.keys(unlisted).length > 0;
}

function rejectionBy(check: CheckRow): PublishOutcome {
  const message =
    check.status === 'ERROR'
      ? `the check failed: ${check.error ?? 'unknown error'}`
      : 'the change breaks recorded operations; see the check, or publish with allowBreaking';
  const errors = [{ code: check.status === 'ERROR' ? 'CHECK_ERROR' : 'CHECK_FAILED', message }];
  return { created: false, updated: false, launch: null, check, errors };
}
