import { idDigits, isExactNumber } from '../../shared/exact-json.ts';
import type { FetchReference } from '../fetch/delivery.ts';
import { quote } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';

/** State of completing the data of one execution. */
export type CompletionRun = {
  /**
   * Response path of the value being completed. All values share this list, so only the elements up to the
   * depth of the current value are valid.
   */
  readonly path: (string | number)[];
  /**
   * Number of errors so far. If it stays the same while an object is completed, the text of the object can be
   * reused where the object occurs again.
   */
  problems: number;
  readonly memo: Map<unknown, Map<object, string>>;
  introspection(responseName: string): string;
  /**
   * Called for a value that is absent, or null in a non-null position. Returns the text of its fallback, if
   * one is configured.
   */
  onMissing(field: CompletedField, depth: number, parent: JsonObject, value: unknown): string | undefined;
  onWrongType(field: CompletedField, depth: number): void;
  /** Called for a value that the caller is not authorized to see. Its response path ends at `depth`. */
  onDenied(depth: number): void;
  /**
   * Called when a position becomes null because its value, or a value below it, is unusable. The response
   * path of the position ends at `depth`.
   */
  onPropagated(depth: number): void;
};

/** A field of the response, as errors and fallbacks refer to it. */
export type CompletedField = {
  /** Field coordinate for messages, such as `Product.price`. */
  readonly coordinate: string;
  readonly typeName: string;
  /** Fetches that deliver the field. */
  readonly fetches: readonly FetchReference[];
  /** JSON text of the fallback for a value that its service fails to deliver. */
  readonly fallback: string | undefined;
};

/**
 * Returns the JSON text of a value. The value is neither null nor absent. If it has the wrong type, the
 * function reports that to the run and returns `null`.
 */
export type Complete = (value: unknown, run: CompletionRun) => string | null;

/**
 * Reports a value that is absent, null or of the wrong type. Returns its replacement: the configured fallback
 * of a missing value, otherwise `result`.
 */
export function unusable<T>(
  run: CompletionRun,
  field: CompletedField,
  depth: number,
  parent: JsonObject,
  value: unknown,
  result: T,
): T | string {
  if (value === undefined || value === null) return run.onMissing(field, depth, parent, value) ?? result;
  run.onWrongType(field, depth);
  return result;
}

export function wrongType(run: CompletionRun, field: CompletedField, depth: number): null {
  run.onWrongType(field, depth);
  return null;
}

/**
 * Reports that a position becomes null because its value, or a value below it, is unusable. Returns the text
 * of null.
 */
export function nullText(run: CompletionRun, depth: number): string {
  run.onPropagated(depth);
  return 'null';
}

/** Reports a denied value and returns its replacement. */
export function denied<T>(run: CompletionRun, depth: number, result: T): T {
  run.onDenied(depth);
  return result;
}

/**
 * Completes an object that occurs in several places only once and reuses its text. Objects with errors are
 * completed again in each place, because every error contains the path of its place.
 */
export function memoised(complete: Complete, value: object, run: CompletionRun): string | null {
  let texts = run.memo.get(complete);
  if (texts === undefined) run.memo.set(complete, (texts = new Map()));
  const known = texts.get(value);
  if (known !== undefined) return known;
  const { problems } = run;
  const text = complete(value, run);
  if (text !== null && run.problems === problems) texts.set(value, text);
  return text;
}

/** Returns the JSON text of an ID, which is always a string; null if the value cannot be an ID. */
export function idText(value: unknown): string | null {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? `"${value}"` : null;
  const digits = isExactNumber(value) ? idDigits(value) : undefined;
  return digits === undefined ? null : `"${digits}"`;
}
