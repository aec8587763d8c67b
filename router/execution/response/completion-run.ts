import { idDigits, isExactNumber } from '../../shared/exact-json.ts';
import type { FetchReference } from '../fetch/delivery.ts';
import { quote } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';

/** What completion needs to know of the execution whose data it completes. */
export type CompletionRun = {
  /** Response path of the value being completed; valid up to the depth of the field at hand. */
  readonly path: (string | number)[];
  /** Grows with each error: text made while it stood still can be used for the same object elsewhere. */
  problems: number;
  readonly memo: Map<unknown, Map<object, string>>;
  introspection(responseName: string): string;
  /** A value is absent, or is null where the schema has no null. Returns the text of what stands in for it, if something does. */
  onMissing(field: CompletedField, depth: number, parent: JsonObject, value: unknown): string | undefined;
  onWrongType(field: CompletedField, depth: number): void;
  /** The caller is not authorized to see the value at the depth. */
  onDenied(depth: number): void;
  /** Null has propagated to the position at the depth, where the schema allows it. */
  onPropagated(depth: number): void;
};

export type CompletedField = {
  /** `Product.price`, for messages. */
  readonly coordinate: string;
  readonly typeName: string;
  /** The fetches that deliver it. */
  readonly fetches: readonly FetchReference[];
  /** JSON text that stands in for a value which its service failed to deliver. */
  readonly fallback: string | undefined;
};

/** The JSON text of a value that is neither null nor absent; `null` when it is wrong, which the run has been told. */
export type Complete = (value: unknown, run: CompletionRun) => string | null;

/** Tells why a value cannot be used, and returns what stands in its place. */
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

/** Reports that a value became null, or that null has propagated to its position; returns the text of null. */
export function nullText(run: CompletionRun, depth: number): string {
  run.onPropagated(depth);
  return 'null';
}

/** Null takes the place of what is denied. */
export function denied<T>(run: CompletionRun, depth: number, result: T): T {
  run.onDenied(depth);
  return result;
}

/** An answer that was merged into many objects is completed once, unless there is an error to be located in each. */
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
