import type { Services } from '../services.ts';
import { setLaunchStatus } from '../store/launches.ts';
import type { LaunchRow, RegistryTransaction, ReleaseRow, VariantRow } from '../store/tables.ts';
import { settingsOf } from '../variant-settings.ts';
import { latestRelease, storeRelease } from './release-store.ts';

/** A change of a variant within a transaction; the caller holds the lock of the variant. */
export type InTransaction = Omit<Services, 'db'> & { readonly db: RegistryTransaction };

export type NewLaunch = {
  readonly variant: VariantRow;
  readonly launch: LaunchRow;
  readonly keyId: string;
};

/**
 * Makes the release that follows a launch: it is served at once, or begins as a canary if the variant is
 * configured so. The first launch has nothing to be compared with, and a failed one changes nothing.
 */
export async function releaseAfterLaunch(
  services: InTransaction,
  { variant, launch, keyId }: NewLaunch,
): Promise<ReleaseRow | undefined> {
  const { db } = services;
  if (launch.status === 'FAILED') return undefined;
  const previous = await latestRelease(db, variant.id);
  const { rollout } = settingsOf(variant);
  const place = (number: number) => ({ variantId: variant.id, number });
  if (previous !== undefined && previous.canary_launch !== null)
    await setLaunchStatus(db, place(previous.canary_launch), 'SUPERSEDED');
  const common = { rollback: false, reason: launch.cause, keyId };
  if (previous === undefined || rollout.strategy === 'direct') {
    if (previous !== undefined) await setLaunchStatus(db, place(previous.serving_launch), 'SUPERSEDED');
    await setLaunchStatus(db, place(launch.number), 'SERVING');
    return storeRelease(db, variant, { serving: launch.number, canary: null, ...common }, services);
  }
  await setLaunchStatus(db, place(launch.number), 'CANARY');
  const percent = rollout.steps[0] ?? 5;
  const canary = { launch: launch.number, percent, state: 'running', began: null } as const;
  return storeRelease(db, variant, { serving: previous.serving_launch, canary, ...common }, services);
}
