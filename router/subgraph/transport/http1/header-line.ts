import { BoundedCache } from '../../../shared/bounded-cache.ts';
import { HEADER_NAME, HEADER_VALUE } from '../../../shared/http/header-syntax.ts';

/** One parsed header line of a response. */
export type HeaderLine = {
  /** Name of the header in lower case. */
  readonly name: string;
  readonly value: string;
  /** Options in lower case that the header `Connection` lists; empty if the line is another header. */
  readonly options: readonly string[];
  /**
   * Milliseconds for which the server keeps an idle connection, as the header `Keep-Alive` announces;
   * undefined for other headers.
   */
  readonly keepAliveMs: number | undefined;
};

/** Headers that determine where the body of a response ends. */
export const FRAMING: readonly string[] = ['content-length', 'transfer-encoding'];

/**
 * Headers whose parsed lines are cached, because servers send the same lines again and again. (The line of
 * `date` changes only once a second.) Lines of other headers, such as cookies, must not stay in memory.
 */
const REPEATED = new Set(
  'cache-control connection content-encoding content-type date keep-alive server transfer-encoding vary x-powered-by'.split(
    ' ',
  ),
);
const MAX_LINES = 512;
const MAX_LINE_LENGTH = 128;
const lines = new BoundedCache<HeaderLine>(MAX_LINES);

/**
 * Parses one header line, given without its line end (RFC 9112 section 5). @returns undefined if it is
 * malformed
 */
export function parseHeaderLine(line: string): HeaderLine | undefined {
  const known = lines.get(line);
  if (known !== undefined) return known;
  const parsed = parse(line);
  if (parsed !== undefined && line.length <= MAX_LINE_LENGTH && REPEATED.has(parsed.name))
    lines.set(line, parsed);
  return parsed;
}

function parse(line: string): HeaderLine | undefined {
  const colon = line.indexOf(':');
  const spelt = line.slice(0, Math.max(colon, 0));
  const value = withoutOuterSpace(line, colon + 1);
  if (!HEADER_NAME.test(spelt) || !HEADER_VALUE.test(value)) return undefined;
  const name = spelt.toLowerCase();
  // A header that determines where the body ends must not have a space after its value. Parsers treat such a
  // space differently, so a proxy could find another end of the body than the router.
  if (FRAMING.includes(name) && isSpace(line.charCodeAt(line.length - 1))) return undefined;
  return {
    name,
    value,
    options: name === 'connection' ? optionsOf(value) : NO_OPTIONS,
    keepAliveMs: name === 'keep-alive' ? keepAliveMs(value) : undefined,
  };
}

const NO_OPTIONS: readonly string[] = [];

function optionsOf(value: string): readonly string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((option) => option.trim());
}

function keepAliveMs(value: string): number | undefined {
  const seconds = [...value.matchAll(/timeout=(\d{1,9})/gi)].map(([, digits]) => Number(digits));
  return seconds.length === 0 ? undefined : Math.min(...seconds) * 1_000;
}

/**
 * Removes spaces and tabs around a value. `trim()` is not used, because it would also remove characters that
 * may make the value invalid.
 */
function withoutOuterSpace(text: string, from: number): string {
  let start = from;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
