import { LOG_FIELDS } from '../../router/config/telemetry/log-fields.ts';
import type { LogFieldDescription } from '../../router/config/telemetry/log-fields.ts';

/** Returns the fields of one kind of log line as a table for docs/logs.md. */
export function logFieldsTable(kinds: readonly (keyof typeof LOG_FIELDS)[]): string {
  const rows = kinds.flatMap((kind) => Object.entries<LogFieldDescription>(LOG_FIELDS[kind]).map(rowOf));
  return ['| Field | Example | Meaning |', '|---|---|---|', ...rows].join('\n');
}

function rowOf([name, { description, example }]: [string, LogFieldDescription]): string {
  return `| \`${name}\` | \`${JSON.stringify(example)}\` | ${description} |`;
}
