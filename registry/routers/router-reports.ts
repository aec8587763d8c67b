import { z } from 'zod';
import { RegistryError } from '../errors.ts';
import { evaluateReports } from '../releases/evaluate-reports.ts';
import type { Services } from '../services.ts';
import type { RegistryDatabase, VariantRow } from '../store/tables.ts';

const servedLaunch = z.looseObject({ launch: z.int().min(1), since: z.string() });

const rejection = z.looseObject({
  sequence: z.int().nullish(),
  launch: z.int().nullish(),
  reasons: z.array(z.string().max(10_000)).max(100),
  at: z.string(),
});

/** The report of one router. Keys that the registry does not know are kept. */
const reportSchema = z.looseObject({
  instance: z.string().min(1).max(200),
  routerVersion: z.string().max(100),
  startedAt: z.string(),
  sequence: z.int().nullish(),
  serving: servedLaunch.nullish(),
  canary: servedLaunch.nullish(),
  rejections: z.array(rejection).max(100).default([]),
  canaryStats: z.unknown().optional(),
  decision: z.unknown().optional(),
});

/** The report of one router. */
export type RouterReport = z.output<typeof reportSchema>;

/** Stores the report of a router. */
export async function receiveReport(
  services: Services,
  variant: VariantRow,
  message: unknown,
): Promise<void> {
  const report = parseReport(message);
  const row = {
    variant_id: variant.id,
    instance: report.instance,
    reported_at: new Date(services.now()),
    report: JSON.stringify(report),
  };
  await services.db
    .insertInto('routers')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['variant_id', 'instance'])
        .doUpdateSet({ reported_at: row.reported_at, report: row.report }),
    )
    .execute();
  await evaluateReports(services, variant);
}

/** Routers that did not report for as long are not listed. */
const SEEN_MS = 600_000;

/** Reads the last reports of the routers that still report, by instance. */
export async function activeRouters(
  db: RegistryDatabase,
  variantId: number,
  now: number,
): Promise<readonly (RouterReport & { readonly reportedAt: Date })[]> {
  const rows = await db
    .selectFrom('routers')
    .selectAll()
    .where('variant_id', '=', variantId)
    .where('reported_at', '>', new Date(now - SEEN_MS))
    .orderBy('instance')
    .execute();
  return rows.map(({ report, reported_at }) => ({ ...reportSchema.parse(report), reportedAt: reported_at }));
}

/** Counts the routers of all variants that still report. */
export async function countActiveRouters(db: RegistryDatabase, now: number): Promise<number> {
  const { count } = await db
    .selectFrom('routers')
    .select((select) => select.fn.countAll().as('count'))
    .where('reported_at', '>', new Date(now - SEEN_MS))
    .executeTakeFirstOrThrow();
  return Number(count);
}

function parseReport(message: unknown): RouterReport {
  const result = reportSchema.safeParse(message);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message: text }) => `${path.join('.')}: ${text}`);
  throw new RegistryError('BAD_USER_INPUT', `the report is not valid: ${problems.join('; ')}`);
}
