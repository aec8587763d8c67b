import { buildASTSchema, execute, getNullableType, isListType, isNonNullType, isObjectType } from 'graphql';
import { parse, printSchema, visit } from 'graphql';
import type { GraphQLOutputType, GraphQLResolveInfo, GraphQLSchema } from 'graphql';
import { pathToArray } from 'graphql/jsutils/Path.js';
import type { ErrorBehavior } from '../../../router/shared/graphql/error-behavior.ts';
import { isRecord } from '../../../router/shared/is-record.ts';

export type Path = readonly (string | number)[];

type AnsweredError = { readonly path: Path | undefined; readonly code: unknown };

/** A request that was executed. */
export type Executed = {
  readonly document: string;
  readonly operationName?: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly onError: ErrorBehavior;
  readonly data: unknown;
  readonly errors: readonly AnsweredError[];
};

// Beyond that one error stands for many, at what their places have in common.
const MOST_LISTED = 500;

/**
 * Looks whether errors have done to an answer what its client asked for (`onError`), and whether it is one to
 * the document: GraphQL executed over the answer has to give the answer. For schemas without abstract types.
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
        return errors.length >= MOST_LISTED
          ? []
          : [...unexplained(misplaced, errors), ...travelled(errors, data)];
      case 'PROPAGATE':
        return isWhollyNull ? [] : misplaced.map((path) => `${textOf(path)} is null and may not be`);
      case 'HALT':
        return misplaced.map((path) => `${textOf(path)} is null without an error`);
    }
  };
}

/** Whether an error says why null stands at the path of an answer whose client wants one for each null. */
export function tellsNullAt(path: Path): (error: AnsweredError) => boolean {
  return (error) =>
    error.path !== undefined &&
    isOnOneLine(error.path, path) &&
    (error.path.length === path.length || !isOwn(error));
}

/** Whether one of the paths leads through the end of the other. */
export function isOnOneLine(one: Path, other: Path): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.every((key, index) => key === long[index]);
}

// What a service reports stands where the service has put it: in its own answer the null has travelled
// already.
function isOwn({ code }: AnsweredError): boolean {
  return /^(?:SUBGRAPH_(?!ERROR$)|ENTITY_NOT_FOUND$|UNAUTHORIZED_FIELD_OR_TYPE$)/.test(String(code));
}

function withoutNonNull(schema: GraphQLSchema): GraphQLSchema {
  return buildASTSchema(visit(parse(printSchema(schema)), { NonNullType: { leave: ({ type }) => type } }));
}

type Schemas = { readonly schema: GraphQLSchema; readonly lenient: GraphQLSchema };

/**
 * The data as graphql-js completes it when null may stand everywhere, and where it stands although it may
 * not.
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

function unexplained(misplaced: readonly Path[], errors: readonly AnsweredError[]): readonly string[] {
  return misplaced
    .filter((path) => !errors.some(tellsNullAt(path)))
    .map((path) => `${textOf(path)} is null without an error of its own`);
}

/** Of the router's own errors, those that lie below a null. */
function travelled(errors: readonly AnsweredError[], data: unknown): readonly string[] {
  return errors
    .filter((error) => isOwn(error) && error.path !== undefined && liesBelowNull(data, error.path))
    .map(({ path = [] }) => `the error at ${textOf(path)} has made null what is above it`);
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
