import { stripVTControlCharacters, styleText } from 'node:util';
import { withoutControls } from './log/log-text.ts';

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
 * Fields of a request's log line that are not appended to its readable text, because the text already
 * contains them or only programs need them.
 */
const HIDDEN_OF_REQUEST = new Set(
  (
    'method path status ms operationType operationName cost subgraphs criticalPath ' +
    'traceId spanId userAgent operationHash userIssuer generation bytes'
  ).split(' '),
);
/** Minimum duration in milliseconds of a request whose readable log line says what the request waited for. */
const SLOW_MS = 100;

type LogRecord = Readonly<Record<string, unknown>>;

/**
 * Formats a line of the JSON log as readable text, prefixed by the service name if given. A line that is not
 * JSON is returned unchanged.
 * @param rename names of fields in the line (`telemetry.logs.fields.rename`)
 */
export function formatLine(
  name: string | undefined,
  line: string,
  rename: Readonly<Record<string, string>> = {},
): string {
  const record = parseRecord(line, rename);
  const label = name === undefined ? [] : [styleText('dim', name.padEnd(9))];
  if (record === undefined) return [...label, line].join(' ');
  const level = LEVELS[text(record['level'])] ?? text(record['level'] ?? 'info');
  const isRequest = record['msg'] === 'request' && record['status'] !== undefined;
  const isShown = (key: string) =>
    !HIDDEN.has(key) || (key === 'subgraph' && (name === undefined || name === 'router'));
  const fields = Object.entries(record).filter(
    ([key]) => isShown(key) && !(isRequest && HIDDEN_OF_REQUEST.has(key)),
  );
  const parts = [
    styleText('dim', clock(record['time'])),
    ...label,
    paintLevel(level),
    isRequest ? requestText(record) : text(record['msg'] ?? ''),
    styleText('dim', fields.map(([key, value]) => `${key}=${text(value)}`).join(' ')),
    ...(isRequest ? waitText(record) : []),
  ];
  return parts.join(' ').trimEnd() + formatError(record['err']);
}

/**
 * Returns the readable text of a request's log line, such as `POST /graphql 200 12.3 ms query OrderPage
 * cost=28`.
 */
function requestText(record: LogRecord): string {
  const { method, path, status, ms, operationType, operationName, cost } = record;
  const { requested, actual } = parsedCost(cost);
  return [
    text(method ?? ''),
    text(path ?? ''),
    paintStatus(Number(status)),
    `${text(ms ?? '')} ms`,
    ...[operationType, operationName].filter((value) => value !== undefined).map(text),
    ...(requested === undefined
      ? []
      : [`cost=${text(requested)}${actual === undefined ? '' : `→${text(actual)}`}`]),
  ].join(' ');
}

function parsedCost(cost: unknown): { readonly requested?: unknown; readonly actual?: unknown } {
  return typeof cost === 'object' && cost !== null ? cost : {};
}

/** Returns what a slow or degraded request waited for, as the end of its readable log line. */
function waitText({ ms, criticalPath, degraded }: LogRecord): string[] {
  if (criticalPath === undefined || (Number(ms) < SLOW_MS && degraded === undefined)) return [];
  return [styleText('yellow', `(${text(criticalPath)})`)];
}

function paintStatus(status: number): string {
  const shown = String(status);
  if (status < 400) return shown;
  return styleText(status < 500 ? 'yellow' : 'red', shown);
}

/** Parses a line of the JSON log; returns undefined if the line is not JSON. */
function parseRecord(line: string, rename: Readonly<Record<string, string>>): LogRecord | undefined {
  if (!line.startsWith('{')) return undefined;
  const original = new Map(Object.entries(rename).map(([field, key]) => [key, field]));
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [original.get(key) ?? key, one]));
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
 * Returns a logged value as text without control characters. Clients choose some of the values, and control
 * characters could change what a terminal shows.
 */
function text(value: unknown): string {
  const raw = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return withoutControls(stripVTControlCharacters(raw), ' ');
}

function formatError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const stack = 'stack' in error ? error.stack : 'message' in error ? error.message : undefined;
  if (typeof stack !== 'string') return '';
  return stack
    .split('\n')
    .map((line) => `\n          ${text(line)}`)
    .join('');
}
