import type { CheckReport, OperationResult } from '../../checks/report.ts';
import { nameOf } from './render-operations.ts';
import { counted, numeral } from './report-words.ts';

const MAX_DIFFERENCES = 20;
const MAX_VALUE = 60;

/** Returns the differences of a replay by operation and path; an empty text if there was no replay. */
export function renderReplay({ replay, operations }: CheckReport): string {
  if (replay === undefined) return '';
  const { sent, equal, different, skipped } = replay;
  const names = new Map(operations.map((operation: OperationResult) => [operation.id, nameOf(operation)]));
  const nameFor = (id: string) => names.get(id) ?? nameOf({ id, name: null });
  const lines = different.map(
    ({ id, path, before, after }) => `  ${nameFor(id)}  ${path}: ${shown(before)} → ${shown(after)}`,
  );
  const rest = lines.length - MAX_DIFFERENCES;
  const reasons = Map.groupBy(skipped, ({ reason }) => reason);
  return [
    `Replay: ${counted(sent, 'request')} sent, ${numeral(equal)} with equal responses, ${numeral(sent - equal)} with different ones`,
    ...lines.slice(0, MAX_DIFFERENCES),
    ...(rest > 0 ? [`  … and ${numeral(rest)} more (--format json lists all)`] : []),
    ...[...reasons].map(([reason, { length }]) => `  ${numeral(length)} not compared: ${reason}`),
  ].join('\n');
}

function shown(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}
