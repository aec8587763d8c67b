import type { CheckReport } from '../../checks/report.ts';
import { isUsedAndTightened, mayBreakUnlisted } from '../../checks/failure-causes.ts';
import { comparedNothing } from '../../checks/replay/compared-nothing.ts';
import type { Outcome } from '../outcome.ts';
import { renderReport } from './render-report.ts';
import type { ReportContext } from './render-report.ts';
import { reportAnnotations } from './report-annotations.ts';
import type { AnnotatedSchema } from './report-annotations.ts';
import { reportData } from './report-data.ts';
import { reportSummary } from './report-summary.ts';
import { counted } from './report-words.ts';

/** Returns the outcome of a command that has checked a schema. */
export function reportOutcome(
  report: CheckReport,
  { schemas, ...context }: ReportContext & { readonly schemas: readonly AnnotatedSchema[] },
): Outcome {
  const result = {
    plain: renderReport(report, context),
    data: reportData(report),
    annotations: reportAnnotations(report, schemas),
    summary: reportSummary(report, context),
  };
  if (report.success) return { kind: 'success', ...result };
  const isComposed = report.composition.errors.length === 0;
  return {
    kind: 'failure',
    code: isComposed ? 'CHECK_FAILED' : 'COMPOSITION_FAILED',
    message: isComposed ? failureMessage(report) : 'composition failed',
    ...result,
  };
}

function failureMessage({ operations, changes, access, contracts, replay }: CheckReport): string {
  const breaking = operations.filter(({ verdict }) => verdict === 'breaks').length;
  const tightened = access.filter(isUsedAndTightened).length;
  const failed = contracts.filter(({ success }) => !success).length;
  const differing = replay === undefined ? 0 : replay.sent - replay.equal;
  const unlisted = changes.filter(mayBreakUnlisted).length;
  const parts = [
    ...(breaking > 0 ? [`${counted(breaking, 'operation')} ${breaking === 1 ? 'breaks' : 'break'}`] : []),
    ...(unlisted > 0 ? [`${counted(unlisted, 'change')} may break operations that are not recorded`] : []),
    ...(tightened > 0 ? [`access to ${counted(tightened, 'used element')} is tightened`] : []),
    ...(differing > 0
      ? [`${counted(differing, 'replayed request')} ${differing === 1 ? 'has' : 'have'} another response`]
      : []),
    ...(replay !== undefined && comparedNothing(replay) ? ['no request of the replay was compared'] : []),
    ...(failed > 0 ? [`${counted(failed, 'contract')} ${failed === 1 ? 'fails' : 'fail'}`] : []),
  ];
  return `the check failed${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
}
