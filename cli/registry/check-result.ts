import { z } from 'zod';
import type { CheckReport } from '../../checks/report.ts';
import { isRecord } from '../../router/shared/is-record.ts';
import type { AnnotatedSchema } from '../checks/report-annotations.ts';
import type { ReportContext } from '../checks/render-report.ts';
import type { Outcome } from '../outcome.ts';

/** The fields of a check that commands select. */
export const CHECK_FIELDS = 'id status report error subgraph url';

const reportSchema = z.custom<CheckReport>(
  (value) =>
    isRecord(value) &&
    typeof value['success'] === 'boolean' &&
    isRecord(value['composition']) &&
    isRecord(value['evidence']) &&
    ['operations', 'changes', 'access', 'lint', 'contracts'].every((name) => Array.isArray(value[name])),
);

/** A check as the registry reports it. */
export const checkSchema = z.object({
  id: z.string(),
  status: z.enum(['RUNNING', 'PASSED', 'FAILED', 'ERROR']),
  report: reportSchema.nullable(),
  error: z.string().nullable(),
  subgraph: z.string().nullable(),
  url: z.string().nullable(),
});

export type RegistryCheck = z.output<typeof checkSchema>;

/** Texts around a report, and the schema files that annotations point to. */
export type CheckContext = ReportContext & { readonly schemas: readonly AnnotatedSchema[] };

/** Members of rover that identify a check. `url` is its page in the console. */
export function checkReference({ id, url }: Pick<RegistryCheck, 'id' | 'url'>) {
  return { workflow_id: id, target_url: url } as const;
}

/** Returns the outcome of a check that has ended. */
export async function checkOutcome(
  check: RegistryCheck,
  { schemas, ...context }: CheckContext,
): Promise<Outcome> {
  const { id, status, report, error } = check;
  if (report === null)
    return {
      kind: 'failure',
      code: 'CHECK_ERROR',
      message: error ?? `check ${id} has no report (${status.toLowerCase()})`,
    };
  // Loaded here, because other verbs do not need a parser of GraphQL.
  const { reportOutcome } = await import('../checks/report-outcome.ts');
  const page = check.url ?? undefined;
  const outcome = reportOutcome(report, {
    ...context,
    ...(schemas.length === 1 && schemas[0]),
    schemas,
    page,
  });
  const isComposed = report.composition.errors.length === 0;
  const notes = isComposed && report.evidence.operations === 0 ? [NOTHING_RECORDED] : [];
  const warnings = notes.map(
    (message) => ({ level: 'warning', title: 'No operation is recorded', message }) as const,
  );
  return {
    ...outcome,
    data: { ...outcome.data, ...checkReference(check) },
    annotations: [...(outcome.annotations ?? []), ...warnings],
    notes,
  };
}

const NOTHING_RECORDED =
  'no operation is recorded, so no change counts as breaking: nothing is known yet about what clients use. Routers that follow the registry record what clients send, and `tributary operations push` adds the operations of a manifest';
