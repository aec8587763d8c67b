import type { AccessChange, CheckReport, CompositionReport, Finding } from '../../checks/report.ts';
import type { ContractReport, LintFinding, OperationResult } from '../../checks/report.ts';
import { isUsedAndTightened, unlistedText } from '../../checks/failure-causes.ts';
import { renderChanges } from './render-changes.ts';
import { nameOf, renderOperations, renderPlans } from './render-operations.ts';
import { fileOf, isAbout } from './report-annotations.ts';
import { renderReplay } from './render-replay.ts';
import { counted, listed, numeral } from './report-words.ts';

const MAX_FINDINGS = 30;

/** The parts of the text that are not in the report. */
export type ReportContext = {
  /** First line, without the result: `Check of products in shop@production`. */
  readonly title: string;
  /** File of the checked schema, for findings that name none. */
  readonly file?: string | undefined;
  /** The checked subgraph: `file` is that of its findings only. */
  readonly subgraph?: string | undefined;
  /** Advice below a report that failed, one line each. */
  readonly next?: readonly string[];
  /** Page of the report in the console. */
  readonly page?: string | undefined;
};

type Context = Pick<ReportContext, 'file' | 'subgraph'>;

/** Returns the report of a check as text: what fails first, then the evidence, and what to do. */
export function renderReport(report: CheckReport, context: ReportContext): string {
  const { title, next = [], page } = context;
  const sections = [
    `${title}: ${report.success ? 'passed' : 'FAILED'}`,
    renderComposition(report.composition, context),
    ...(report.composition.errors.length > 0 ? [] : schemaSections(report)),
    renderLint(report.lint, context),
    renderReplay(report),
    ...(report.success ? [] : [section('What to do', adviceOf(report, next))]),
    page === undefined ? '' : `In the console: ${page}`,
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

/** Sections that need a schema that composes. */
function schemaSections(report: CheckReport): readonly string[] {
  return [
    renderOperations(report),
    renderPlans(report.operations),
    renderAccess(report.access, report.operations),
    renderChanges(report.changes, report.evidence),
    ...report.contracts.map(renderContract),
  ];
}

/** Returns a heading with its lines indented; nothing without lines. */
function section(heading: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [`${heading}:`, ...lines.map((line) => `  ${line}`)].join('\n');
}

function renderComposition({ errors, hints }: CompositionReport, context: Context): string {
  if (errors.length === 0 && hints.length === 0) return 'Composition: passed';
  const found = [
    ...(errors.length > 0 ? [counted(errors.length, 'error')] : []),
    ...(hints.length > 0 ? [counted(hints.length, 'hint')] : []),
  ].join(', ');
  const lines = [
    ...errors.map((finding) => findingLine('error', finding, context)),
    ...hints.map((finding) => findingLine('hint', finding, context)),
  ];
  return section(`Composition: ${errors.length > 0 ? 'FAILED' : 'passed'}, ${found}`, shortened(lines));
}

/** Returns a finding in one line: its kind, code, place and message. */
function findingLine(kind: string, finding: Finding, context: Context): string {
  const place = placeOf(finding, context);
  return `${kind}  ${finding.code}  ${place === '' ? '' : `${place}: `}${finding.message}`;
}

/** Returns `products.graphql:3:5`, or the subgraph if the file is unknown. */
function placeOf(finding: Finding, context: Context): string {
  const { subgraph, line, column, coordinate } = finding;
  const isPlaced = line !== undefined && isAbout(context.subgraph, subgraph);
  const source = fileOf(finding) ?? (isPlaced ? context.file : undefined) ?? subgraph;
  if (source === undefined) return coordinate ?? '';
  return [source, line, column].filter((part) => part !== undefined).join(':');
}

function shortened(lines: readonly string[]): readonly string[] {
  const rest = lines.length - MAX_FINDINGS;
  return rest <= 0
    ? lines
    : [...lines.slice(0, MAX_FINDINGS), `… and ${rest} more (--format json lists all)`];
}

function renderAccess(changes: readonly AccessChange[], operations: readonly OperationResult[]): string {
  const names = new Map(operations.map((operation) => [operation.id, nameOf(operation)]));
  const lines = changes.flatMap(({ coordinate, effect, message, operations: ids, unlistedCalls }) => [
    `${effect}  ${message.includes(coordinate) ? '' : `${coordinate}: `}${message}`,
    ids.length === 0
      ? '  no recorded operation selects it'
      : `  selected by ${counted(ids.length, 'operation')}: ${listed(ids.map((id) => names.get(id) ?? id))}`,
    ...(unlistedCalls === undefined ? [] : [`  ${unlistedText(unlistedCalls)}`]),
  ]);
  return section('Access', lines);
}

function renderLint(findings: readonly LintFinding[], context: Context): string {
  const added = findings.filter(({ isNew }) => isNew);
  const lines = added.map((finding) => findingLine(finding.severity, finding, context));
  const known = findings.length - added.length;
  const earlier = known === 0 ? '' : `, and ${numeral(known)} that the graph has already`;
  return section(`Lint: ${counted(added.length, 'new finding')}${earlier}`, shortened(lines));
}

function renderContract(contract: ContractReport): string {
  const { name, success, composition, operations, changes, access = [] } = contract;
  const breaking = operations.filter(({ verdict }) => verdict === 'breaks');
  const lines = [
    ...composition.errors.map((finding) => findingLine('error', finding, {})),
    ...breaking.map((operation) => `breaks  ${nameOf(operation)}`),
    ...changes.filter(({ verdict }) => verdict === 'breaks').map(({ message }) => `change  ${message}`),
    ...access.filter(({ effect }) => effect === 'tightened').map(({ message }) => `tightened  ${message}`),
  ];
  const heading = `Contract ${name}: ${success ? 'passed' : 'FAILED'}`;
  return lines.length === 0 ? heading : section(heading, shortened(lines));
}

function adviceOf(report: CheckReport, next: readonly string[]): readonly string[] {
  if (report.composition.errors.length > 0)
    return ['Correct the errors above. The version that is served is not affected.'];
  const breaks = report.operations.some(({ verdict }) => verdict === 'breaks');
  const tightened = report.access.some(isUsedAndTightened);
  return [
    ...(breaks
      ? [
          'Keep what the operations above use and mark it @deprecated(reason: …). Add the new field beside it,',
          'and remove the old one when its clients have moved.',
        ]
      : []),
    ...(tightened ? ['Let clients send the required scopes before the field requires them.'] : []),
    ...next,
  ];
}
