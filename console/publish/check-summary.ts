import { isUsedAndTightened, mayBreakUnlisted } from '../../checks/failure-causes.ts';
import type { CheckReport, OperationResult, PlanComparison, Reason } from '../../checks/report.ts';

/** A section of a report, with its result in words. */
export type ReportSection = {
  readonly id:
    | 'composition'
    | 'operations'
    | 'plans'
    | 'access'
    | 'lint'
    | 'contracts'
    | 'changes'
    | 'replay';
  readonly title: string;
  readonly result: 'passed' | 'failed' | 'notes';
  /** Short text: `2 break, 1 changes, 40 safe`. */
  readonly text: string;
};

/** Returns the sections of a report, in the order in which a reader needs them. */
export function sectionsOf(report: CheckReport): readonly ReportSection[] {
  return [
    composition(report),
    operations(report),
    plans(report),
    access(report),
    lint(report),
    ...(report.contracts.length === 0 ? [] : [contracts(report)]),
    ...(report.replay === undefined ? [] : [replay(report.replay)]),
    changes(report),
  ];
}

function composition({ composition: { errors, hints } }: CheckReport): ReportSection {
  const result = errors.length > 0 ? 'failed' : hints.length > 0 ? 'notes' : 'passed';
  return { id: 'composition', title: 'Composition', result, text: counted(errors, 'error', hints, 'hint') };
}

function operations({ operations: all, changes, access, evidence }: CheckReport): ReportSection {
  const [breaking, changing] = [verdictOf(all, 'breaks'), verdictOf(all, 'changes')];
  const isUsed = changes.some(mayBreakUnlisted) || access.some(isUsedAndTightened);
  const safe = all.length - breaking.length - changing.length;
  return {
    id: 'operations',
    title: 'Recorded operations',
    result: breaking.length > 0 ? 'failed' : changing.length > 0 ? 'notes' : 'passed',
    text:
      evidence.operations === 0
        ? `none recorded${isUsed ? '' : ', so nothing can break'}`
        : `${breaking.length} break, ${changing.length} change, ${safe} safe`,
  };
}

function plans(report: CheckReport): ReportSection {
  const different = changedPlans(report);
  const slower = different.filter(({ plan }) => plan.depthAfter > plan.depthBefore).length;
  return {
    id: 'plans',
    title: 'Query plans',
    result: slower > 0 ? 'notes' : 'passed',
    text: different.length === 0 ? 'all equal' : `${different.length} differ, ${slower} wait longer`,
  };
}

function access({ access: all }: CheckReport): ReportSection {
  const tightened = all.filter(({ effect }) => effect === 'tightened');
  const result = tightened.some(isUsedAndTightened) ? 'failed' : all.length > 0 ? 'notes' : 'passed';
  const loosened = all.length - tightened.length;
  const text = all.length === 0 ? 'unchanged' : `${tightened.length} tightened, ${loosened} loosened`;
  return { id: 'access', title: 'Access', result, text };
}

function lint({ lint: all }: CheckReport): ReportSection {
  const fresh = all.filter(({ isNew }) => isNew);
  const errors = fresh.filter(({ severity }) => severity === 'error');
  const warnings = fresh.filter(({ severity }) => severity === 'warning');
  const result = errors.length > 0 ? 'failed' : warnings.length > 0 ? 'notes' : 'passed';
  return { id: 'lint', title: 'Lint', result, text: counted(errors, 'new error', warnings, 'new warning') };
}

function contracts({ contracts: all }: CheckReport): ReportSection {
  const failed = all.filter(({ success }) => !success);
  return {
    id: 'contracts',
    title: 'Contracts',
    result: failed.length > 0 ? 'failed' : 'passed',
    text: failed.length === 0 ? `${all.length} passed` : `${failed.length} of ${all.length} failed`,
  };
}

function replay({ sent, different }: NonNullable<CheckReport['replay']>): ReportSection {
  const requests = new Set(different.map(({ id }) => id)).size;
  return {
    id: 'replay',
    title: 'Replay',
    result: requests > 0 ? 'failed' : 'passed',
    text: `${sent} sent, ${requests} with different responses`,
  };
}

function changes({ changes: all }: CheckReport): ReportSection {
  const breaking = all.filter(({ criticality }) => criticality === 'breaking').length;
  const unlisted = all.filter(mayBreakUnlisted).length;
  const result = unlisted > 0 ? 'failed' : breaking > 0 ? 'notes' : 'passed';
  const use = unlisted > 0 ? `, ${unlisted} used by operations that are not recorded` : '';
  const text = all.length === 0 ? 'none' : `${all.length}, ${breaking} of them breaking if used${use}`;
  return { id: 'changes', title: 'Schema changes', result, text };
}

/** Returns the operations with this result of the check, sorted by calls, most calls first. */
export function verdictOf(
  operations: readonly OperationResult[],
  verdict: OperationResult['verdict'],
): readonly OperationResult[] {
  return operations
    .filter((operation) => operation.verdict === verdict)
    .toSorted((one, other) => (other.calls ?? 0) - (one.calls ?? 0));
}

/** Returns the operations whose plan or cost differs. */
export function changedPlans({
  operations: all,
}: Pick<CheckReport, 'operations'>): readonly (OperationResult & { readonly plan: PlanComparison })[] {
  return all.flatMap((operation) => {
    const { plan } = operation;
    return plan !== null && differs(plan) ? [{ ...operation, plan }] : [];
  });
}

function differs(plan: PlanComparison): boolean {
  return (
    plan.callsBefore !== plan.callsAfter ||
    plan.depthBefore !== plan.depthAfter ||
    plan.costBefore !== plan.costAfter ||
    Object.keys(plan.callChanges).length > 0
  );
}

/** A line of an operation in three parts, of which the middle one is marked. */
export type MarkedLine = {
  readonly line: number;
  readonly before: string;
  readonly marked: string;
  readonly after: string;
};

/** Returns the line that a reason points to, with its name or argument marked; null if it has none. */
export function markedLine({ line, column, source }: Reason): MarkedLine | null {
  if (line === undefined || source === undefined) return null;
  const start = Math.min(Math.max((column ?? 1) - 1, 0), source.length);
  const word = /^[@$.]*\w*/.exec(source.slice(start))?.[0] ?? '';
  const end = start + Math.max(word.length, 1);
  return {
    line,
    before: endOf(source.slice(0, start)),
    marked: source.slice(start, end),
    after: source.slice(end),
  };
}

const COLUMNS_BEFORE = 60;

/** Returns the end of a text: a manifest has an operation in one line, and the mark would be far right. */
function endOf(text: string): string {
  return text.length <= COLUMNS_BEFORE ? text : `…${text.slice(-COLUMNS_BEFORE)}`;
}

function counted(first: readonly unknown[], one: string, second: readonly unknown[], other: string): string {
  const parts = [count(first.length, one), count(second.length, other)].filter((text) => text !== '');
  return parts.length === 0 ? 'nothing found' : parts.join(', ');
}

function count(number: number, noun: string): string {
  if (number === 0) return '';
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
