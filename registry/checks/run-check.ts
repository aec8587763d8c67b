import { randomUUID } from 'node:crypto';
import type { CheckRequest } from '../../checks/check.ts';
import type { ProposedGraph } from '../../checks/composition.ts';
import { latestRelease } from '../releases/release-store.ts';
import type { Services } from '../services.ts';
import { readDocuments, requireText } from '../store/documents.ts';
import { requireLaunch } from '../store/launches.ts';
import type { CheckRow, RegistryDatabase, VariantRow } from '../store/tables.ts';
import { readUnlisted } from '../usage/unlisted-usage.ts';
import { settingsOf } from '../variant-settings.ts';
import type { VariantSettings } from '../variant-settings.ts';

export type NewCheck = {
  readonly variant: VariantRow;
  /** Null for a check of several subgraphs or of a contract. */
  readonly subgraph: string | null;
  readonly after: ProposedGraph;
  readonly contracts: NonNullable<CheckRequest['contracts']>;
  /** Settings that replace those of the variant. */
  readonly settings: Partial<VariantSettings['checks']>;
  readonly keyId: string;
};

/** A stored check, and its result once it has ended. */
export type StartedCheck = { readonly row: CheckRow; readonly ended: Promise<CheckRow> };

const HEARTBEAT_MS = 15_000;

/** Stores a check and performs it in the thread of checks. */
export async function startCheck(services: Services, check: NewCheck): Promise<StartedCheck> {
  const { db, now } = services;
  const settings = { ...settingsOf(check.variant).checks, ...check.settings };
  const request = await requestOf(services, check, settings);
  const started = new Date(now());
  const row = await db
    .insertInto('checks')
    .values({
      id: randomUUID(),
      variant_id: check.variant.id,
      status: 'RUNNING',
      subgraph: check.subgraph,
      input: JSON.stringify({ settings, operations: request.operations?.length ?? null }),
      report: null,
      error: null,
      key_id: check.keyId,
      created_at: started,
      finished_at: null,
      seen_at: started,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { row, ended: perform(services, row.id, request) };
}

async function requestOf(
  { db, now, recordedOperations }: Services,
  { variant, after, contracts }: NewCheck,
  settings: Partial<VariantSettings['checks']>,
): Promise<CheckRequest> {
  return {
    before: await servedSupergraph(db, variant.id),
    after,
    operations: await recordedOperations(variant, settings.sinceDays ?? null),
    unlisted: await readUnlisted(db, variant.id, { sinceDays: settings.sinceDays ?? null, now: now() }),
    contracts,
    settings: definedSettings(settings),
  };
}

/** Reads the supergraph that is served; undefined before the first release. */
async function servedSupergraph(db: RegistryDatabase, variantId: number): Promise<string | undefined> {
  const release = await latestRelease(db, variantId);
  if (release === undefined) return undefined;
  const { supergraph_sha256: sha256 } = await requireLaunch(db, variantId, release.serving_launch);
  return sha256 === null ? undefined : requireText(await readDocuments(db, [sha256]), sha256);
}

async function perform(services: Services, id: string, request: CheckRequest): Promise<CheckRow> {
  const { db, checker, metrics, now, log } = services;
  const began = performance.now();
  // Other instances report a check whose instance has died as failed.
  const heartbeat = setInterval(() => {
    const seen = { seen_at: new Date(now()) };
    db.updateTable('checks')
      .set(seen)
      .where('id', '=', id)
      .execute()
      .catch(() => undefined);
  }, HEARTBEAT_MS).unref();
  try {
    const report = await checker.perform({ kind: 'check', request, now: now() });
    const status = report.success ? 'PASSED' : 'FAILED';
    metrics.observeCheck(report.success ? 'passed' : 'failed', performance.now() - began);
    return await finish(services, id, { status, report: JSON.stringify(report), error: null });
  } catch (error) {
    log.error({ err: error, check: id }, 'check failed');
    metrics.observeCheck('error', performance.now() - began);
    const reason = error instanceof Error ? error.message : String(error);
    return await finish(services, id, { status: 'ERROR', report: null, error: reason });
  } finally {
    clearInterval(heartbeat);
  }
}

type Result = {
  readonly status: CheckRow['status'];
  readonly report: string | null;
  readonly error: string | null;
};

function finish({ db, now }: Services, id: string, result: Result): Promise<CheckRow> {
  return db
    .updateTable('checks')
    .set({ ...result, finished_at: new Date(now()) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

const DEAD_MS = 4 * HEARTBEAT_MS;

/** Returns the check, as failed if the instance that performed it has not been seen for a minute. */
export function withoutDeadInstance(check: CheckRow, now: number): CheckRow {
  if (check.status !== 'RUNNING' || now - check.seen_at.getTime() < DEAD_MS) return check;
  return { ...check, status: 'ERROR', error: 'the instance that ran the check has ended; start it again' };
}

/** `exactOptionalPropertyTypes` distinguishes a setting that is absent from one that is undefined. */
function definedSettings(
  settings: Partial<VariantSettings['checks']>,
): NonNullable<CheckRequest['settings']> {
  const { sinceDays, ignoreBelowCalls, excludeClients, failOnCostGrowthPercent, lint } = settings;
  return {
    ...(sinceDays !== undefined && { sinceDays }),
    ...(ignoreBelowCalls !== undefined && { ignoreBelowCalls }),
    ...(excludeClients !== undefined && { excludeClients }),
    ...(failOnCostGrowthPercent !== undefined && { failOnCostGrowthPercent }),
    ...(lint !== undefined && { lint }),
  };
}
