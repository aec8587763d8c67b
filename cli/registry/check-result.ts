import { z } from 'zod';
import type { CheckReport } from '../../checks/report.ts';
import { isRecord } from '../../router/shared/is-record.ts';
import type { Annotation } from '../annotation.ts';
import { reportAnnotations } from '../checks/report-annotations.ts';
import type { AnnotatedSchema } from '../checks/report-annotations.ts';
import { reportData } from '../checks/report-data.ts';
import { renderReport } from '../checks/render-report.ts';
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
  url: z.string(),
});

export type RegistryCheck = z.output<typeof checkSchema>;

/** A report in all formats. */
export type PresentedReport = {
  readonly plain: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly annotations: readonly Annotation[];
};

/** Returns a report as text, as members of `data`, and as annotations of the schema file. */
export function presentReport(
  report: CheckReport,
  context: ReportContext & { readonly schema: AnnotatedSchema },
): PresentedReport {
  const { schema, ...shown } = context;
  return {
    plain: renderReport(report, { ...shown, file: schema.file }),
    data: reportData(report),
    annotations: reportAnnotations(report, schema),
  };
}

/** Returns the outcome of a check that has ended. */
export function checkOutcome(
  { id, status, report, error, url }: RegistryCheck,
  context: ReportContext & { readonly schema: AnnotatedSchema },
): Outcome {
  if (report === null)
    return {
      kind: 'failure',
      code: 'CHECK_ERROR',
      message: error ?? `check ${id} has no report (${status})`,
    };
  const { plain, data, annotations } = presentReport(report, context);
  const shared = { plain, data: { ...data, workflow_id: id, target_url: url }, annotations };
  if (report.success) return { kind: 'success', ...shared };
  return { kind: 'failure', code: 'CHECK_FAILED', message: `${context.title}: failed`, ...shared };
}
