import { isRecord } from '../../router/shared/is-record.ts';

/** Whether a value contains an expansion, whose result is not known before the router starts. */
export function isExpanded(value: unknown): boolean {
  return typeof value === 'string' && value.includes('${');
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads a duration such as `1m 30s`, or `{ secs, nanos }`, as milliseconds. */
export function readDuration(value: unknown): number | undefined {
  if (isRecord(value) && typeof value['secs'] === 'number')
    return value['secs'] * 1_000 + Number(value['nanos'] ?? 0) / 1e6;
  if (typeof value !== 'string' || !/^(?:\s*\d+(?:\.\d+)?\s*[a-z]+)+\s*$/i.test(value)) return undefined;
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/gi)].map(
    ([, number, unit = '']) => Number(number) * (UNIT_MS[unit.toLowerCase()] ?? Number.NaN),
  );
  const total = parts.reduce((sum, part) => sum + part, 0);
  return Number.isNaN(total) ? undefined : total;
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1_000,
  kib: 1_024,
  mb: 1_000_000,
  mib: 1_048_576,
  gb: 1_000_000_000,
  gib: 1_073_741_824,
};

/** Reads a size such as `400kib`, or a number of bytes. */
export function readBytes(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const [, number, unit = 'b'] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)?\s*$/i.exec(String(value)) ?? [];
  const factor = UNIT_BYTES[unit.toLowerCase()];
  return number === undefined || factor === undefined ? undefined : Math.round(Number(number) * factor);
}

/** Reads `HOST:PORT`; an IPv6 address is in brackets. */
export function readAddress(value: unknown): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:/[\]]*)):(\d+)$/.exec(String(value)) ?? [];
  if (port === undefined) return undefined;
  return { host: bracketed ?? (plain || '0.0.0.0'), port: Number(port) };
}

/**
 * Reads a regular expression that matches the subdomains of a host as an origin with `*`, such as
 * `^https://.*\.shop\.example$`.
 */
export function readOriginPattern(pattern: string): string | undefined {
  const [, scheme, host] =
    /^\^?(https?):\/\/(?:\.\*|\.\+|\[[^\]]+\][*+]|\(\[[^\]]+\][*+](?:\\\.|\[\.\])\)[*+])(?:\\\.|\[\.\])?((?:[\w-]|\\\.|\[\.\])+)\$?$/.exec(
      pattern,
    ) ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  return `${scheme}://*.${host.replaceAll(/\\\.|\[\.\]/g, '.')}`;
}
