import { getNamedType } from 'graphql';
import type { FetchDataKeyRenamer, FetchNode } from '@apollo/query-planner';
import { isJsonObject, readOwn } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { SupergraphTypes } from '../codegen/supergraph-types.ts';
import { typeConditionOf } from '../fetch/rewrite.ts';
import type { RequiredValue } from './representation.ts';

/**
 * A context argument (`@fromContext`): its value comes from an object that contains the entity. For example,
 * an argument of `total` in `{ user { order { total } } }` gets the currency of the user.
 */
export type ContextArgument = {
  /** Name of the variable in the document of the fetch. */
  readonly name: string;
  /**
   * Positions from which the value may be read: several if objects of different types can contain the entity.
   * The first position whose type conditions match is used.
   */
  readonly sources: readonly ContextSource[];
};

export type ContextSource = {
  /**
   * Number of levels from the entity up to the object that has the value, not counting lists. In `{ user {
   * orders { total } } }`, a user is one level above its orders.
   */
  readonly levels: number;
  readonly read: (object: JsonObject) => ContextValue | undefined;
};

export type ContextValue = {
  /** The value for the `@fromContext` argument; undefined if the subgraph of the value did not deliver it. */
  readonly value: unknown;
  readonly isUsable: boolean;
  readonly required: RequiredValue;
};

/** Compiles the context arguments (`@fromContext`) of a fetch. Returns undefined if it has none. */
export function compileContext(
  { contextRewrites = [], variableUsages = [] }: FetchNode,
  types: SupergraphTypes,
): readonly ContextArgument[] | undefined {
  const used = new Set(variableUsages);
  const sources = new Map<string, ContextSource[]>();
  for (const rewrite of contextRewrites) {
    const { renameKeyTo: name } = rewrite;
    if (used.has(name)) sources.set(name, [...(sources.get(name) ?? []), compileSource(rewrite, types)]);
  }
  return sources.size === 0 ? undefined : [...sources].map(([name, own]) => ({ name, sources: own }));
}

/**
 * Compiles the function that reads the value of a context argument.
 * @param rewrite path such as `['..', '... on User', 'currency']`: one `..` for each field upwards from the
 * entity, then type conditions and field names down to the value.
 */
function compileSource({ path }: FetchDataKeyRenamer, types: SupergraphTypes): ContextSource {
  const levels = path.filter((element) => element === '..').length;
  const steps = path.slice(levels);
  const names = steps.filter((step) => typeConditionOf(step) === undefined);
  return {
    levels,
    read(object) {
      const reading: Reading = { types, isMatch: true, isUsable: true, coordinate: names.join('.') };
      const value = readAt(object, undefined, steps, reading);
      const { isMatch, isUsable, coordinate } = reading;
      return isMatch ? { value, isUsable, required: { path: names, coordinate } } : undefined;
    },
  };
}

type Reading = {
  readonly types: SupergraphTypes;
  /** False if an object on the path does not satisfy a type condition. The value read is then not used. */
  isMatch: boolean;
  isUsable: boolean;
  /** Coordinate of the deepest field read so far, such as `User.currency`, for error messages. */
  coordinate: string;
};

/**
 * Follows the steps of a path from a value down and returns the value at the end. If the path leads through a
 * list, the result is a list too.
 * @param declared type that the schema declares for `value`; it is used if an object has no `__typename`.
 */
function readAt(
  value: unknown,
  declared: string | undefined,
  steps: readonly string[],
  reading: Reading,
): unknown {
  const [step, ...rest] = steps;
  if (step === undefined || value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => readAt(item, declared, steps, reading));
  if (!isJsonObject(value)) {
    reading.isUsable = false;
    return value;
  }
  const { types } = reading;
  const typeName = types.typeNameOf(value['__typename']) ?? declared;
  const condition = typeConditionOf(step);
  if (condition === undefined) return readField(value, typeName, steps, reading);
  reading.isMatch &&= typeName === undefined || types.isA(typeName, condition);
  return readAt(value, typeName ?? condition, rest, reading);
}

function readField(
  object: JsonObject,
  typeName: string | undefined,
  [field = '', ...rest]: readonly string[],
  reading: Reading,
): unknown {
  const value = readOwn(object, field);
  if (typeName === undefined) return readAt(value, undefined, rest, reading);
  reading.coordinate = `${typeName}.${field}`;
  const { types } = reading;
  // A subgraph returned a value of the wrong type. Such a value is not sent as an argument to another
  // subgraph.
  if (value !== undefined && types.checkOf(typeName, field)?.(value) === false) reading.isUsable = false;
  const type = types.typeOf(typeName, field);
  return readAt(value, type && getNamedType(type).name, rest, reading);
}
