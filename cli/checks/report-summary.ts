import type { CheckReport, OperationResult } from '../../checks/report.ts';
import { markdownBlock, markdownText } from '../job-summary.ts';
import { nameOf, usersOf } from './render-operations.ts';
import { renderReport } from './render-report.ts';
import type { ReportContext } from './render-report.ts';
import { numeral } from './report-words.ts';

const MAX_ROWS = 20;

/** Returns a report as Markdown: the result, the operations that break, and the text of the report. */
export function reportSummary(report: CheckReport, context: ReportContext): string {
  const { title, page } = context;
  const breaking = report.operations
    .filter(({ verdict }) => verdict === 'breaks')
    .toSorted((one, other) => (other.calls ?? 0) - (one.calls ?? 0));
  const text = renderReport(report, { ...context, page: undefined });
  const parts = [
    `## ${markdownText(title)}: ${report.success ? 'passed' : 'failed'}\n`,
    ...(page === undefined ? [] : [`[Report in the console](<${page}>)\n`]),
    ...(breaking.length === 0 ? [] : [operationTable(breaking)]),
    // A blank line on both sides, without which GitHub shows the Markdown between the tags as text.
    `<details${report.success ? '' : ' open'}><summary>Report</summary>\n`,
    markdownBlock(text),
    '</details>\n',
  ];
  return `${parts.join('\n')}\n`;
}

function operationTable(breaking: readonly OperationResult[]): string {
  const rows = breaking.slice(0, MAX_ROWS).map((operation) => {
    const reasons = operation.reasons.map(({ message }) => message).join('; ');
    const cells = [nameOf(operation), usersOf(operation).replace(/^: /, ''), reasons];
    return `| ${cells.map(markdownText).join(' | ')} |\n`;
  });
  const rest = breaking.length - rows.length;
  return [
    '| Operation that breaks | Clients | Reason |\n| --- | --- | --- |\n',
    ...rows,
    ...(rest > 0 ? [`\n… and ${numeral(rest)} more.\n`] : []),
  ].join('');
}
