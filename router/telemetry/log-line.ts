import { stripVTControlCharacters, styleText } from 'node:util';

const LEVELS: Readonly<Record<string, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
const COLORS = { warn: 'yellow', error: 'red', fatal: 'red' } as const;
const HIDDEN = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'service', 'subgraph', 'err']);

/**
 * Formats a line of the JSON log as readable text, prefixed by the service name if given. Other lines are
 * returned unchanged.
 */
export function formatLine(name: string | undefined, line: string): string {
  const record = parseRecord(line);
  const label = name === undefined ? [] : [styleText('dim', name.padEnd(9))];
  if (record === undefined) return [...label, line].join(' ');
  const level = LEVELS[text(record['level'])] ?? text(record['level'] ?? 'info');
  const time = clock(record['time']);
  const fields = Object.entries(record).filter(
    ([key]) => !HIDDEN.has(key) || (key === 'subgraph' && (name === undefined || name === 'router')),
  );
  const parts = [
    styleText('dim', time),
    ...label,
    paintLevel(level),
    text(record['msg'] ?? ''),
    styleText('dim', fields.map(([key, value]) => `${key}=${text(value)}`).join(' ')),
  ];
  return parts.join(' ').trimEnd() + formatError(record['err']);
}

/** Parses a line of the JSON log; returns undefined for other lines. */
function parseRecord(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function paintLevel(level: string): string {
  const padded = level.toUpperCase().padEnd(5);
  return level === 'warn' || level === 'error' || level === 'fatal'
    ? styleText(COLORS[level], padded)
    : padded;
}

function clock(time: unknown): string {
  const date = new Date(typeof time === 'number' || typeof time === 'string' ? time : Date.now());
  return date.toTimeString().slice(0, 8);
}

/**
 * Removes control characters. Clients choose some of the logged values, and control characters could change
 * what a terminal shows.
 */
function text(value: unknown): string {
  const raw = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  // oxlint-disable-next-line no-control-regex
  return stripVTControlCharacters(raw).replaceAll(/[\u0000-\u001f\u007f]/g, ' ');
}

function formatError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const stack = 'stack' in error ? error.stack : 'message' in error ? error.message : undefined;
  return typeof stack === 'string' ? `\n${stack.replaceAll(/^/gm, '          ')}` : '';
}
