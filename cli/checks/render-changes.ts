import type { Evidence, SchemaChange } from '../../checks/report.ts';
import { unlistedText } from '../../checks/failure-causes.ts';
import { counted, listed, numeral } from './report-words.ts';

const MAX_CHANGES = 40;
const ORDER = { breaks: 0, changes: 1, safe: 2 } as const;

/** Returns the changes of the API schema, each with the evidence of its use. */
export function renderChanges(changes: readonly SchemaChange[], evidence: Evidence): string {
  if (changes.length === 0) return 'Schema changes: none';
  const sorted = changes.toSorted((a, b) => ORDER[a.verdict] - ORDER[b.verdict]);
  const rest = sorted.length - MAX_CHANGES;
  return [
    `Schema changes: ${countsOf(changes)}`,
    ...sorted.slice(0, MAX_CHANGES).map((change) => `  ${lineOf(change, evidence)}`),
    ...(rest > 0 ? [`  … and ${numeral(rest)} more (--format json lists all)`] : []),
  ].join('\n');
}

function countsOf(changes: readonly SchemaChange[]): string {
  const count = (verdict: SchemaChange['verdict']) =>
    changes.filter((change) => change.verdict === verdict).length;
  const [breaks, differ, safe] = [count('breaks'), count('changes'), count('safe')];
  return [
    ...(breaks > 0 ? [`${numeral(breaks)} breaking`] : []),
    ...(differ > 0 ? [`${numeral(differ)} that may change responses`] : []),
    ...(safe > 0 ? [`${numeral(safe)} safe`] : []),
  ].join(', ');
}

const CRITICALITY = { breaking: 'BREAKING ', dangerous: 'dangerous', safe: 'safe     ' } as const;

/** Returns changes without evidence of their use: what each of them may do to any operation. */
export function renderDifferences(changes: readonly SchemaChange[]): string {
  if (changes.length === 0) return 'Schema changes: none';
  const severities = ['breaking', 'dangerous', 'safe'] as const;
  const sorted = severities.flatMap((severity) =>
    changes.filter(({ criticality }) => criticality === severity),
  );
  const counts = severities.flatMap((severity) => {
    const count = sorted.filter(({ criticality }) => criticality === severity).length;
    return count === 0 ? [] : [`${numeral(count)} ${severity}`];
  });
  return [
    `Schema changes: ${counts.join(', ')} (for an operation that uses the element)`,
    ...sorted.map(({ criticality, code, message }) => `  ${CRITICALITY[criticality]}  ${code}  ${message}`),
  ].join('\n');
}

const LABELS = { breaks: 'BREAKS ', changes: 'changes', safe: 'safe   ' } as const;

function lineOf({ verdict, code, message, criticality, usedBy }: SchemaChange, evidence: Evidence): string {
  const text = `${LABELS[verdict]}  ${code}  ${message}`;
  // A description changes no response, so its use is of no interest.
  if (code.includes('_DESCRIPTION_')) return text;
  if (usedBy.unlistedCalls !== undefined) return `${text}; ${unlistedText(usedBy.unlistedCalls)}`;
  if (usedBy.operations > 0) {
    const calls = usedBy.calls > 0 ? `, ${counted(usedBy.calls, 'call')}` : '';
    const clients = usedBy.clients.length > 0 ? `, ${listed(usedBy.clients)}` : '';
    return `${text}; used by ${counted(usedBy.operations, 'operation')}${calls}${clients}`;
  }
  // Additions need no evidence: nothing can use them yet.
  return criticality === 'safe' ? text : `${text}; ${unused(evidence)}`;
}

function unused({ operations, calls, sinceDays }: Evidence): string {
  if (operations === 0) return 'unknown whether it is used';
  const period = sinceDays === null ? '' : ` of the last ${counted(sinceDays, 'day')}`;
  const counts = calls === 0 ? '' : ` (${counted(calls, 'call')})`;
  return `used by none of ${counted(operations, 'operation')}${counts}${period}`;
}
