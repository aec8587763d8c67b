import { isExactNumber } from './exact-json.ts';

/** A JSON object as `JSON.parse` returns it. It may have an own property named `__proto__`. */
export type JsonObject = { [key: string]: unknown };

/**
 * Returns whether a value is a JSON object, and not a list, null or an `ExactNumber` (a number with all its
 * digits).
 */
export function isJsonObject(value: unknown): value is JsonObject {
  return isObjectValue(value) && !isExactNumber(value);
}

/**
 * Faster variant of `isJsonObject` for values whose GraphQL type is an object, interface or union. It does
 * not check for `ExactNumber` (a number with all its digits), which such a value cannot be.
 */
export function isObjectValue(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns an own property. A plain `object[key]` would also return inherited ones such as `constructor`. */
export function readOwn(object: JsonObject, key: string): unknown {
  return key in Object.prototype && !Object.hasOwn(object, key) ? undefined : object[key];
}

/**
 * Assigns a property. Unlike `object[key] = value`, it creates an own property for the key `__proto__`
 * instead of changing the prototype.
 */
export function writeOwn(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

/**
 * Returns a deep copy of a JSON value. Unlike `structuredClone`, it preserves `ExactNumber` objects (numbers
 * with all their digits).
 */
export function clone<Value>(value: Value): Value {
  return copyOf(value) as Value;
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isJsonObject(value)) return value;
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) writeOwn(copy, key, copyOf(value[key]));
  return copy;
}

/**
 * Returns the JSON text of a JSON value, or of a coerced variable. Each `ExactNumber` is written with all its
 * digits.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

/** Returns the JSON text of a string. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
