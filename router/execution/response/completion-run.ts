import { idDigits, isExactNumber } from '../../shared/exact-json.ts';
import type { FetchReference } from '../fetch/delivery.ts';
import { quote } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';

/** Data of one execution that completion needs. */
export type CompletionRun = {
  /** Response path of the value being completed; valid up to the depth of the current field. */
  readonly path: (string | number)[];
  /**
   * Number of errors so far. Text completed while it did not change can be reused for the same object
   * elsewhere.
   */
  problems: number;
  readonly memo: Map<unknown, Map<object, string>>;
  introspection(responseName: string): string;
  /**
   * Handles a value that is absent, or null in a non-null position. Returns the text of a fallback, if there
   * is one.
   */
  onMissing(field: CompletedField, depth: number, parent: JsonObject, value: unknown): string | undefined;
  onWrongType(field: CompletedField, depth: number): void;
  /** The caller is not authorized to see the value at the depth. */
  onDenied(depth: number): void;
  /** Called when a null has propagated to a nullable position at this depth. */
  onPropagated(depth: number): void;
};

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
 * Returns the JSON text of a value that is neither null nor absent; `null` if the value is wrong, after
 * reporting that to the run.
 */
export type Complete = (value: unknown, run: CompletionRun) => string | null;

/** Reports why a value cannot be used, and returns its replacement. */
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

/** Reports that null is the value of a position or has propagated to it; returns the text of null. */
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

export function idText(value: unknown): string | null {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? `"${value}"` : null;
  const digits = isExactNumber(value) ? idDigits(value) : undefined;
  return digits === undefined ? null : `"${digits}"`;
}
