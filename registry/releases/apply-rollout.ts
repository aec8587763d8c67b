import type { RolloutChange, RolloutState } from '../rollout/rollout-change.ts';
import type { Services } from '../services.ts';
import { setLaunchStatus } from '../store/launches.ts';
import type { RegistryTransaction, ReleaseRow, VariantRow } from '../store/tables.ts';
import { storeRelease } from './release-store.ts';
import { restoreLaunch } from './restore-launch.ts';

/** Services within a transaction; the caller holds the lock of the variant. */
export type InTransaction = Omit<Services, 'db'> & { readonly db: RegistryTransaction };

export type AppliedChange = {
  readonly variant: VariantRow;
  readonly change: RolloutChange;
  /** Null for a change that the registry makes itself. */
  readonly keyId: string | null;
};

/** Returns the launches that a release serves; undefined before the first release. */
export function stateOf(release: ReleaseRow | undefined): RolloutState | undefined {
  if (release === undefined) return undefined;
  const { serving_launch, canary_launch, canary_percent, canary_state, canary_began, sequence } = release;
  const canary = canary_launch !== null && {
    launch: canary_launch,
    percent: canary_percent ?? 0,
    state: canary_state ?? 'running',
    began: canary_began ?? sequence,
  };
  return { serving: serving_launch, canary: canary || null };
}

/** Makes the release of a change. */
export async function applyRolloutChange(
  services: InTransaction,
  { variant, change, keyId }: AppliedChange,
): Promise<ReleaseRow> {
  const { serving, canary, rollback, reason, subgraphsOf, statuses } = change;
  for (const { launch, status } of statuses) {
    const explained = status === 'ROLLED_BACK' || status === 'SERVING' ? reason : undefined;
    await setLaunchStatus(services.db, { variantId: variant.id, number: launch }, status, explained);
  }
  if (subgraphsOf !== null) await restoreLaunch(services, { variant, launch: subgraphsOf, keyId });
  return storeRelease(services.db, variant, { serving, canary, rollback, reason, keyId }, services);
}
