import type { CheckReport, Evidence, OperationResult, PlanComparison, Reason } from '../../checks/report.ts';
import { planSentence } from '../../checks/plans/plan-sentence.ts';
import { counted, listed, numeral, shownTime } from './report-words.ts';

const MAX_OPERATIONS = 20;

/** Returns the operations that break or change, each with its clients and the reasons. */
export function renderOperations({ operations, evidence }: CheckReport): string {
  const byCalls = operations.toSorted((a, b) => (b.calls ?? 0) - (a.calls ?? 0));
  const breaking = byCalls.filter(({ verdict }) => verdict === 'breaks');
  const changing = byCalls.filter(({ verdict }) => verdict === 'changes');
  const shown = [...breaking, ...changing].slice(0, MAX_OPERATIONS);
  const rest = breaking.length + changing.length - shown.length;
  return [
    `Operations: ${summaryOf(breaking.length, changing.length, evidence)}${alreadyInvalid(operations)}`,
    ...shown.flatMap((operation) => ['', ...operationLines(operation)]),
    ...(rest > 0 ? ['', `  … and ${numeral(rest)} more (--format json lists all)`] : []),
  ].join('\n');
}

function summaryOf(breaking: number, changing: number, evidence: Evidence): string {
  if (evidence.operations === 0)
    return leftOut(evidence) === ''
      ? 'none recorded, so it is unknown what clients use'
      : `none that counts${leftOut(evidence)}`;
  const safe = evidence.operations - breaking - changing;
  const results = [
    ...(breaking > 0 ? [`${numeral(breaking)} ${breaking === 1 ? 'BREAKS' : 'BREAK'}`] : []),
    ...(changing > 0 ? [`${numeral(changing)} ${changing === 1 ? 'changes' : 'change'}`] : []),
    `${numeral(safe)} ${safe === 1 ? 'is' : 'are'} safe`,
  ].join(', ');
  return `${results} (${evidenceText(evidence)})${leftOut(evidence)}`;
}

/** A manifest of another graph would otherwise look like a check that passes. */
function alreadyInvalid(operations: readonly OperationResult[]): string {
  const count = operations.filter(({ reasons }) =>
    reasons.some(({ code }) => code === 'ALREADY_INVALID'),
  ).length;
  if (count === 0) return '';
  return `; ${numeral(count)} of them ${count === 1 ? 'is' : 'are'} invalid before the change, too`;
}

function evidenceText({ calls, sinceDays }: Evidence): string {
  const period = sinceDays === null ? '' : ` in the last ${counted(sinceDays, 'day')}`;
  return calls === 0 ? `no call is counted${period}` : `${counted(calls, 'call')}${period}`;
}

function leftOut({ leftOut: { belowCalls, excludedClients, notSeen } }: Evidence): string {
  const parts = [
    ...(belowCalls > 0 ? [`${numeral(belowCalls)} with too few calls`] : []),
    ...(excludedClients > 0 ? [`${numeral(excludedClients)} of excluded clients only`] : []),
    ...(notSeen > 0 ? [`${numeral(notSeen)} not seen in the period`] : []),
  ];
  return parts.length === 0 ? '' : `; left out: ${parts.join(', ')}`;
}

function operationLines(operation: OperationResult): readonly string[] {
  const label = operation.verdict === 'breaks' ? 'BREAKS' : 'changes';
  return [
    `  ${label}  ${nameOf(operation)}${usersOf(operation)}`,
    ...operation.reasons.flatMap(reasonLines).map((line) => `    ${line}`),
  ];
}

/** Returns the name of an operation, or the beginning of its id. */
export function nameOf({ name, id }: Pick<OperationResult, 'name' | 'id'>): string {
  return name ?? `operation ${id.slice(0, 12)}`;
}

/** Returns the clients that send an operation, as `: web 2.1.0 (1,234 calls), ios; last seen …`. */
export function usersOf({ clients, calls, lastSeen }: OperationResult): string {
  const users = clients.map(({ name, version, calls: own }) => {
    const client = version === null ? name : `${name} ${version}`;
    return own === null ? client : `${client} (${counted(own, 'call')})`;
  });
  const total = clients.length > 1 && calls !== null ? [`${counted(calls, 'call')} in all`] : [];
  const seen = lastSeen === null ? [] : [`last seen ${shownTime(lastSeen)}`];
  const texts = [...(users.length > 0 ? [listed(users)] : []), ...total, ...seen];
  const unknown = calls === null && users.length > 0 ? ['in a manifest, no calls are counted'] : [];
  return texts.length === 0 ? '' : `: ${[...texts, ...unknown].join('; ')}`;
}

const BARE_FIELD = /^\s*\w+\s*\{?\s*$/;

function reasonLines({ coordinate, message, line, column, source, path }: Reason): readonly string[] {
  const position = [line, column].filter((part) => part !== undefined).join(':');
  const subject = coordinate === null || message.includes(coordinate) ? '' : ` (${coordinate})`;
  // Recorded documents have one field in each line, so the line shows less than the path.
  if (path !== undefined && source !== undefined && BARE_FIELD.test(source))
    return [`${path}: ${message}${subject}`];
  const text = `${position === '' ? '' : `line ${position}: `}${message}${subject}`;
  if (source === undefined || column === undefined) return [text];
  return [text, ...excerptOf(source, column).map((line) => `  | ${line}`)];
}

const EXCERPT_COLUMNS = 100;

/** Returns the part of a line around a column, and a caret below it: documents may be one long line. */
function excerptOf(source: string, column: number): readonly string[] {
  const indent = source.length - source.trimStart().length;
  const start = Math.max(indent, column - EXCERPT_COLUMNS / 2);
  const excerpt = source.slice(start, start + EXCERPT_COLUMNS).trimEnd();
  return [excerpt, `${' '.repeat(Math.max(0, column - 1 - start))}^`];
}

/** Returns the operations that need more calls, a longer sequence or more cost. */
export function renderPlans(operations: readonly OperationResult[]): string {
  const slower = operations
    .flatMap(({ plan, ...operation }) => (plan !== null && isSlower(plan) ? [{ ...operation, plan }] : []))
    .sort((a, b) => growthOf(b.plan) - growthOf(a.plan));
  if (slower.length === 0) return '';
  const rows = slower
    .slice(0, MAX_OPERATIONS)
    .map(({ plan, ...operation }) => `  ${planSentence(nameOf(operation), plan) ?? nameOf(operation)}`);
  const rest = slower.length - rows.length;
  return [
    `Speed: ${counted(slower.length, 'operation')} ${slower.length === 1 ? 'takes' : 'take'} more`,
    ...rows,
    ...(rest > 0 ? [`  … and ${numeral(rest)} more (--format json lists all)`] : []),
  ].join('\n');
}

function isSlower(plan: PlanComparison): boolean {
  const { costBefore, costAfter } = plan;
  return growthOf(plan) > 0 || plan.depthAfter > plan.depthBefore || (costAfter ?? 0) > (costBefore ?? 0);
}

function growthOf({ callsBefore, callsAfter }: PlanComparison): number {
  return callsAfter - callsBefore;
}
