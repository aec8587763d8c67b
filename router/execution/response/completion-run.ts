import { idDigits, isExactNumber } from '../../shared/exact-json.ts';
import type { FetchReference } from '../fetch/delivery.ts';
import { quote } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';

/** State of one completion, which writes the merged data of an execution as a response. */
export type CompletionRun = {
  /**
   * Response path of the value that is being completed. All values of the response use this one array. Only
   * the elements up to the depth of the current value are valid. Later elements are left over from other
   * values.
   */
  readonly path: (string | number)[];
  /**
   * Number of errors of the response so far. If it does not increase while an object is written, the object's
   * JSON text is reused where the object occurs again.
   */
  problems: number;
  /**
   * JSON texts of objects that occur in several places of the data; undefined until the first such object is
   * written.
   */
  memo: Map<unknown, Map<object, string>> | undefined;
  introspection(responseName: string): string;
  /**
   * Called for a value that is absent, or null in a non-null position. Returns the JSON text of the field's
   * fallback; undefined if none is configured or the subgraph that resolves the field has not failed.
   */
  onMissing(field: CompletedField, depth: number, parent: JsonObject, value: unknown): string | undefined;
  onWrongType(field: CompletedField, depth: number): void;
  /**
   * Called for a value that the caller is not authorized to see. `depth` is the index of the value's own name
   * or list index in the response path.
   */
  onDenied(depth: number): void;
  /**
   * Called when a value becomes null, because it has the wrong type or a non-null value below it is null.
   * `depth` is the index of the value's own name or list index in the response path.
   */
  onPropagated(depth: number): void;
};

/** A field of the response, with everything that its errors and its fallback need. */
export type CompletedField = {
  /** Field coordinate for messages, such as `Product.price`. */
  readonly coordinate: string;
  readonly typeName: string;
  /** Fetches that deliver the field. */
  readonly fetches: readonly FetchReference[];
  /** JSON text of the fallback that is used if the subgraph fails; undefined if none is configured. */
  readonly fallback: string | undefined;
};

/**
 * Returns the JSON text of a value that is neither null nor absent. Reports a value of the wrong type and
 * returns null for it.
 */
export type Complete = (value: unknown, run: CompletionRun) => string | null;

/**
 * Reports a value that is absent, null or of the wrong type. Returns what replaces it: the JSON text of the
 * configured fallback if the subgraph failed to deliver the value, otherwise the argument `result`.
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
 * Returns the JSON text `null` for a value in a nullable position that cannot be completed: it has the wrong
 * type, or a null has propagated up to it from a non-null field or list element. Reports the null.
 */
export function nullText(run: CompletionRun, depth: number): string {
  run.onPropagated(depth);
  return 'null';
}

/** Reports that the caller is not authorized to see a value. Returns `result`, which replaces the value. */
export function denied<T>(run: CompletionRun, depth: number, result: T): T {
  run.onDenied(depth);
  return result;
}

/**
 * Writes an object that occurs in several places only once, and reuses its JSON text. An object with errors
 * is completed again in each place, because each error contains the path of its place.
 */
export function memoised(complete: Complete, value: object, run: CompletionRun): string | null {
  run.memo ??= new Map();
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
