import { canonicalNumber, isExactNumber, parseExactJson } from '../../router/shared/exact-json.ts';
import { isRecord } from '../../router/shared/is-record.ts';

/** A path in two responses at which they differ. Absent values are undefined. */
export type Difference = {
  /** Path in the response, such as `data.order.items.0.name`, or `errors` with path and code of the error. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
};

/**
 * Compares two GraphQL responses. The order of keys in objects does not count, the order of lists does.
 * Errors are equal if their paths and codes are. Extensions do not count.
 */
export function compareResponses(before: GraphQLBody, after: GraphQLBody): readonly Difference[] {
  return [...compareValues('data', before.data, after.data), ...compareErrors(before.errors, after.errors)];
}

/** A response to a GraphQL request. */
export type GraphQLBody = { readonly data?: unknown; readonly errors?: unknown };

/** Parses a response; undefined if it is none of GraphQL. */
export function parseResponse(text: string): GraphQLBody | undefined {
  try {
    const body = parseExactJson(text);
    return isRecord(body) && ('data' in body || 'errors' in body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function* compareValues(path: string, before: unknown, after: unknown): Generator<Difference> {
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, value] of before.entries())
      yield* compareValues(`${path}.${index}`, value, after[index]);
  } else if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      yield* compareValues(`${path}.${key}`, before[key], after[key]);
  } else if (!isSameValue(before, after)) yield { path, before, after };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && !Array.isArray(value) && !isExactNumber(value);
}

function isSameValue(before: unknown, after: unknown): boolean {
  const [one, other] = [numberText(before), numberText(after)];
  if (one !== undefined && other !== undefined) return canonicalNumber(one) === canonicalNumber(other);
  // Lists of different lengths, or values of different types, unless both are equal scalars.
  return before === after;
}

function numberText(value: unknown): string | undefined {
  if (isExactNumber(value)) return value.rawJSON;
  return typeof value === 'number' ? String(value) : undefined;
}

/** Compares how often each path has an error with each code. */
function* compareErrors(before: unknown, after: unknown): Generator<Difference> {
  const [earlier, later] = [countErrors(before), countErrors(after)];
  for (const key of [...new Set([...earlier.keys(), ...later.keys()])].sort()) {
    const counts = { before: earlier.get(key) ?? 0, after: later.get(key) ?? 0 };
    if (counts.before !== counts.after) yield { path: `errors ${key}`, ...counts };
  }
}

function countErrors(errors: unknown): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const error of Array.isArray(errors) ? (errors as readonly unknown[]) : []) {
    if (!isRecord(error)) continue;
    const { path, extensions } = error;
    const code = isRecord(extensions) && typeof extensions['code'] === 'string' ? extensions['code'] : '';
    const key = `${Array.isArray(path) ? path.join('.') : ''} ${code}`.trim();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
