import { evaluateRollout } from '../rollout/evaluate-rollout.ts';
import type { Services } from '../services.ts';
import { recordAudit } from '../store/audit.ts';
import type { RegistryDatabase, ReleaseRow, VariantRow } from '../store/tables.ts';
import { settingsOf } from '../variant-settings.ts';
import { latestRelease } from './release-store.ts';
import { changeRollout } from './rollout-actions.ts';

/** Promotes or rolls back a canary if the reports of the routers say so. Called after each report. */
export async function evaluateReports(services: Services, variant: VariantRow): Promise<void> {
  const seen = await latestRelease(services.db, variant.id);
  if (seen === undefined || seen.canary_launch === null) return;
  // The lock is acquired only for a change, because a thousand routers may report every ten seconds.
  if ((await nextChange(services, services.db, variant, seen)) === undefined) return;
  await changeRollout(services, variant, null, async (db, _, release) => {
    const change = await nextChange(services, db, variant, release);
    if (change === undefined) return undefined;
    const { graph, name } = variant;
    const { serving, canary, reason, rollback } = change;
    const details = { serving, canary, reason, rollback };
    await recordAudit(db, { action: 'rollout', graph, variant: name, keyId: null, details }, services.now());
    services.log.info({ graph, variant: name, ...details }, 'rollout changed by reports of routers');
    return change;
  });
}

async function nextChange(
  { now }: Pick<Services, 'now'>,
  db: RegistryDatabase,
  variant: VariantRow,
  release: ReleaseRow,
) {
  const { serving_launch: serving, canary_launch: launch, canary_began: began } = release;
  if (launch === null || began === null) return undefined;
  const percent = release.canary_percent ?? 0;
  const state = release.canary_state ?? 'running';
  const since = await db
    .selectFrom('releases')
    .select((select) => select.fn.min('issued_at').as('issued_at'))
    .where('variant_id', '=', variant.id)
    .where('canary_began', '=', began)
    .where('canary_percent', '=', percent)
    .executeTakeFirstOrThrow();
  const rows = await db
    .selectFrom('routers')
    .select('report')
    .where('variant_id', '=', variant.id)
    .where('reported_at', '>=', since.issued_at)
    .execute();
  return evaluateRollout(
    { serving, canary: { launch, percent, state, began } },
    settingsOf(variant).rollout,
    {
      reports: rows.map(({ report }) => ({ ...report, instance: String(report['instance']) })),
      stepMs: now() - since.issued_at.getTime(),
    },
  );
}
