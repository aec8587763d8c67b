import { buildASTSchema, execute, getNullableType, isListType, isNonNullType, isObjectType } from 'graphql';
import { parse, printSchema, visit } from 'graphql';
import type { GraphQLOutputType, GraphQLResolveInfo, GraphQLSchema } from 'graphql';
import { pathToArray } from 'graphql/jsutils/Path.js';
import type { ErrorBehavior } from '../../../router/shared/graphql/error-behavior.ts';
import { isRecord } from '../../../router/shared/is-record.ts';

export type Path = readonly (string | number)[];

type ReceivedError = { readonly path: Path | undefined; readonly code: unknown };

/** An executed request with its response. */
export type Executed = {
  readonly document: string;
  readonly operationName?: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly onError: ErrorBehavior;
  readonly data: unknown;
  readonly errors: readonly ReceivedError[];
};

// From this number on, the router reports one error for several nulls, at the common part of their paths.
const MAX_LISTED = 500;

/**
 * Creates a check that errors had the effect on a response that its client requested (`onError`), and that
 * the response matches the document: executing GraphQL over the response has to return the response. For
 * schemas without abstract types.
 */
export function createErrorCheck(schema: GraphQLSchema): (executed: Executed) => readonly string[] {
  const lenient = withoutNonNull(schema);
  return (executed) => {
    const { onError, data, errors } = executed;
    if (onError === 'HALT' && errors.length > 0)
      return data === null && errors.length === 1 ? [] : ['there are data beside errors, or several errors'];
    const { text, misplaced } = completed({ schema, lenient }, executed);
    const isWhollyNull = data === null && onError === 'PROPAGATE' && misplaced.length > 0;
    if (!isWhollyNull && text !== JSON.stringify(data)) return [`the data should be ${text.slice(0, 1_000)}`];
    switch (onError) {
      case 'NULL':
        return errors.length >= MAX_LISTED
          ? []
          : [...unexplained(misplaced, errors), ...travelled(errors, data)];
      case 'PROPAGATE':
        return isWhollyNull ? [] : misplaced.map((path) => `${textOf(path)} is null and may not be`);
      case 'HALT':
        return misplaced.map((path) => `${textOf(path)} is null without an error`);
    }
  };
}

/** Whether an error explains the null at the path, for a client that requested one error for each null. */
export function reportsNullAt(path: Path): (error: ReceivedError) => boolean {
  return (error) =>
    error.path !== undefined &&
    isOnOneLine(error.path, path) &&
    (error.path.length === path.length || !isOwn(error));
}

/** Whether one path is the beginning of the other, or equal to it. */
export function isOnOneLine(one: Path, other: Path): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.every((key, index) => key === long[index]);
}

// The paths of a service's errors are its own: in its response the null has propagated already.
function isOwn({ code }: ReceivedError): boolean {
  return /^(?:SUBGRAPH_(?!ERROR$)|ENTITY_NOT_FOUND$|UNAUTHORIZED_FIELD_OR_TYPE$)/.test(String(code));
}

function withoutNonNull(schema: GraphQLSchema): GraphQLSchema {
  return buildASTSchema(visit(parse(printSchema(schema)), { NonNullType: { leave: ({ type }) => type } }));
}

type Schemas = { readonly schema: GraphQLSchema; readonly lenient: GraphQLSchema };

/**
 * Returns the data as graphql-js completes it with all fields nullable, and the paths of nulls at non-null
 * fields.
 */
function completed({ schema, lenient }: Schemas, { document, operationName, variables, data }: Executed) {
  const misplaced: Path[] = [];
  const fieldResolver = (source: unknown, _: unknown, __: unknown, info: GraphQLResolveInfo) => {
    const name = String(info.path.key);
    const value = isRecord(source) && Object.hasOwn(source, name) ? source[name] : null;
    const parent = schema.getType(info.parentType.name);
    const field = isObjectType(parent) ? parent.getFields()[info.fieldName] : undefined;
    if (field !== undefined) findMisplaced(value, field.type, pathToArray(info.path), misplaced);
    return value;
  };
  const result = execute({
    schema: lenient,
    document: parse(document),
    operationName,
    variableValues: { ...variables },
    rootValue: data ?? {},
    fieldResolver,
  });
  if (result instanceof Promise) throw new Error('nothing here is asynchronous');
  return { text: JSON.stringify(result.data) ?? 'absent', misplaced };
}

function findMisplaced(value: unknown, type: GraphQLOutputType, path: Path, misplaced: Path[]): void {
  if (isNonNullType(type) && value === null) misplaced.push(path);
  const list = getNullableType(type);
  if (!isListType(list) || !Array.isArray(value)) return;
  for (const [index, item] of value.entries()) findMisplaced(item, list.ofType, [...path, index], misplaced);
}

function unexplained(misplaced: readonly Path[], errors: readonly ReceivedError[]): readonly string[] {
  return misplaced
    .filter((path) => !errors.some(reportsNullAt(path)))
    .map((path) => `${textOf(path)} is null without an error of its own`);
}

/** Returns the router's own errors whose path leads through a null. */
function travelled(errors: readonly ReceivedError[], data: unknown): readonly string[] {
  return errors
    .filter((error) => isOwn(error) && error.path !== undefined && liesBelowNull(data, error.path))
    .map(({ path = [] }) => `the error at ${textOf(path)} has nulled a parent`);
}

function liesBelowNull(data: unknown, path: Path): boolean {
  let value = data;
  for (const key of path) {
    if (value === null) return true;
    value = (value as Readonly<Record<string | number, unknown>> | undefined)?.[key];
  }
  return false;
}

function textOf(path: Path): string {
  return path.join('.') || 'data';
}
