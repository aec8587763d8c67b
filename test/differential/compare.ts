import { getNullableType, isListType, isNonNullType } from 'graphql';
import type { GraphQLOutputType } from 'graphql';
import type { ReceivedResponse, OracleResponse } from './oracle.ts';
import { parseWritten } from './exact-values.ts';

export type Path = readonly (string | number)[];

/**
 * Compares a response with that of the oracle and returns the differences. In a correct response
 * - all data is that of the oracle, in its order;
 * - missing data is null, with an error at the null or (for a propagated null) below it;
 * - no null is in a non-null position (GraphQL section 6.4.4);
 * - every error is at a position of the response, or below a null; without interference there are errors only
 * if the oracle has some.
 */
export function findFaults(
  response: ReceivedResponse,
  oracle: OracleResponse,
  isInterfered: boolean,
): string[] {
  const data = parseWritten(response.data);
  const errors = response.errors.map(({ path }) => path);
  const comparison: Comparison = { errors, typeOf: (path) => typeAt(path, oracle.types) };
  const needless = isInterfered || oracle.errors.length > 0 ? [] : response.errors;
  return [
    ...needless.map(({ message }) => `the error "${message}" has no reason`),
    ...compareAt([], data, parseWritten(oracle.data), comparison),
    ...response.errors
      .filter(({ path }) => !isPlace(data, path))
      .map(
        ({ path, message }) => `the error "${message}" is at ${path.join('.')}, which is not in the response`,
      ),
  ];
}

type Comparison = {
  readonly errors: readonly Path[];
  readonly typeOf: (path: Path) => GraphQLOutputType | undefined;
};

function compareAt(at: Path, data: unknown, expected: unknown, comparison: Comparison): string[] {
  const place = at.length === 0 ? 'data' : at.join('.');
  if (data === null && expected !== null) return missing(at, place, comparison);
  if (Array.isArray(data) && Array.isArray(expected) && data.length === expected.length) {
    return data.flatMap((item, index) => compareAt([...at, index], item, expected[index], comparison));
  }
  if (isRecord(data) && isRecord(expected) && Object.keys(data).join() === Object.keys(expected).join()) {
    return Object.keys(data).flatMap((name) =>
      compareAt([...at, name], data[name], expected[name], comparison),
    );
  }
  if (data === expected) return [];
  return [`${place} is ${JSON.stringify(data)} and should be ${JSON.stringify(expected)}`];
}

function missing(at: Path, place: string, { errors, typeOf }: Comparison): string[] {
  if (isNonNullType(typeOf(at))) return [`${place} is null and may not be`];
  return errors.some((path) => isPrefix(at, path)) ? [] : [`${place} is null without an error`];
}

export function typeAt(path: Path, types: OracleResponse['types']): GraphQLOutputType | undefined {
  const field = types.get(path.join('.'));
  if (field !== undefined || path.length === 0) return field;
  const list = typeAt(path.slice(0, -1), types);
  const nullable = list && getNullableType(list);
  return isListType(nullable) && typeof path.at(-1) === 'number' ? nullable.ofType : undefined;
}

function isPrefix(path: Path, of: Path): boolean {
  return path.every((step, index) => of[index] === step);
}

function isPlace(data: unknown, path: Path): boolean {
  let place = data;
  for (const step of path) {
    if (place === null) return true;
    if ((!Array.isArray(place) && !isRecord(place)) || !Object.hasOwn(place, step)) return false;
    const next: unknown = Reflect.get(place, step);
    place = next;
  }
  return true;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
