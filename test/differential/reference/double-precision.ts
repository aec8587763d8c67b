import { isExactNumber } from '../../../router/shared/exact-json.ts';
import { isRecord } from '../../../router/shared/is-record.ts';

/** Thrown for an integer that a double cannot represent. */
export class PrecisionError extends Error {}

/**
 * Returns a copy with doubles instead of exact numbers, for a consumer that does not support these.
 * @throws {PrecisionError}
 */
export function toDoubles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toDoubles);
  if (isExactNumber(value)) return toDouble(value.rawJSON);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toDoubles(inner)]));
}

function toDouble(text: string): number {
  const double = Number(text);
  if (/^-?\d+$/.test(text) && BigInt(text) !== BigInt(Number.isFinite(double) ? double : 0))
    throw new PrecisionError(`${text.slice(0, 40)} exceeds double precision`);
  return double;
}
