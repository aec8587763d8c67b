import { compareCanary, evaluateRollout } from '../rollout/evaluate-rollout.ts';
import type { CanaryComparison } from '../rollout/evaluate-rollout.ts';
import type { CanaryState } from '../rollout/rollout-change.ts';
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
  const canary = canaryOf(release);
  if (canary === null) return undefined;
  const { reports, step } = await readEvidence(db, variant, canary);
  return evaluateRollout({ serving: release.serving_launch, canary }, settingsOf(variant).rollout, {
    reports,
    stepMs: runningMs(step, now()),
  });
}

/** Reads the counts of a canary and of the rest, and evaluates them; null without a canary. */
export async function readComparison(
  db: RegistryDatabase,
  variant: VariantRow,
  release: ReleaseRow,
): Promise<(CanaryComparison & { readonly since: Date }) | null> {
  const canary = canaryOf(release);
  if (canary === null) return null;
  const { reports, since } = await readEvidence(db, variant, canary);
  return { since, ...compareCanary(canary, settingsOf(variant).rollout, reports) };
}

function canaryOf(release: ReleaseRow): CanaryState | null {
  const { canary_launch: launch, canary_began: began } = release;
  if (launch === null || began === null) return null;
  return { launch, began, percent: release.canary_percent ?? 0, state: release.canary_state ?? 'running' };
}

type StepRelease = Pick<ReleaseRow, 'issued_at' | 'canary_state'>;

/** Returns how long a canary has had its share without the time during which it was paused. */
function runningMs(step: readonly StepRelease[], nowMs: number): number {
  const durations = step.map(({ issued_at: from, canary_state: state }, index) => {
    const untilMs = step[index + 1]?.issued_at.getTime() ?? nowMs;
    return state === 'paused' ? 0 : untilMs - from.getTime();
  });
  return durations.reduce((sum, duration) => sum + duration, 0);
}

/** Reads the releases and reports since the share of the canary last changed, and the time of that change. */
async function readEvidence(db: RegistryDatabase, { id }: VariantRow, { began, percent }: CanaryState) {
  const step = await db
    .selectFrom('releases')
    .select(['issued_at', 'canary_state'])
    .where('variant_id', '=', id)
    .where('canary_began', '=', began)
    .where('canary_percent', '=', percent)
    .orderBy('sequence')
    .execute();
  const since = new Date(Math.min(...step.map(({ issued_at }) => issued_at.getTime())));
  const rows = await db
    .selectFrom('routers')
    .select('report')
    .where('variant_id', '=', id)
    .where('reported_at', '>=', since)
    .execute();
  const reports = rows.map(({ report }) => ({ ...report, instance: String(report['instance']) }));
  return { reports, since, step };
}
