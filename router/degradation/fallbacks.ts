import { GraphQLID, getNamedType, isCompositeType, isScalarType, isSpecifiedScalarType } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import type { Config } from '../config/config-schema.ts';
import { idDigits, isExactNumber, toDouble } from '../shared/exact-json.ts';
import type { FallbackOf } from '../execution/response/fallback.ts';
import { jsonText } from '../shared/json.ts';
import { valueCheck } from '../execution/codegen/value-check.ts';
import { fieldsAt, settingOf } from './coordinates.ts';

/**
 * A configured fallback, or a setting for stale values, that does not fit the supergraph. The router then
 * rejects the supergraph.
 */
export type UnfitSetting = { readonly coordinate: string; readonly reason: string };

export type Fallbacks = {
  /**
   * Returns the fallback value of a field as JSON, or undefined if the field has none. If no field has a
   * fallback, this function itself is undefined.
   */
  readonly fallbackOf: FallbackOf | undefined;
  readonly unfit: readonly UnfitSetting[];
};

/** Returns the configured fallback values that fit a supergraph's types, and the settings that do not. */
export function readFallbacks(
  schema: GraphQLSchema,
  { fallbacks }: Pick<Config['degradation'], 'fallbacks'>,
): Fallbacks {
  const texts = new Map<string, string>();
  const unfit: UnfitSetting[] = [];
  for (const [coordinate, value] of Object.entries(fallbacks)) {
    const reason = misfit(schema, coordinate, value);
    if (reason === undefined) texts.set(coordinate, textOf(schema, coordinate, value));
    else unfit.push({ coordinate, reason });
  }
  return { fallbackOf: settingOf(schema, texts), unfit };
}

function misfit(schema: GraphQLSchema, coordinate: string, value: unknown): string | undefined {
  const fields = fieldsAt(schema, coordinate);
  if (fields.length === 0) return 'the supergraph does not have this field';
  if (coordinate.startsWith(`${schema.getMutationType()?.name ?? ''}.`))
    return 'a fallback must not hide the failure of a mutation';
  for (const { type } of fields) {
    if (!valueCheck(type)(value)) return `${jsonText(value)} is not of the type ${String(type)}`;
    if (isCompositeType(getNamedType(type)) && holdsObject(value))
      return 'a fallback cannot be an object: set null, an empty list, or fallbacks for the fields of the object';
  }
  return undefined;
}

/**
 * Returns a fallback value as JSON. Numbers become strings in fields of the type ID; numbers of custom
 * scalars keep their exact digits.
 */
function textOf(schema: GraphQLSchema, coordinate: string, value: unknown): string {
  const types = fieldsAt(schema, coordinate).map(({ type }) => getNamedType(type));
  const isId = types.includes(GraphQLID);
  const isBuiltIn = types.some((type) => isScalarType(type) && isSpecifiedScalarType(type));
  return JSON.stringify(value, (_, one: unknown) => {
    if (isId && isExactNumber(one)) return idDigits(one);
    if (isId && typeof one === 'number') return String(one);
    return isBuiltIn ? toDouble(one) : one;
  });
}

function holdsObject(value: unknown): boolean {
  return Array.isArray(value) ? value.some(holdsObject) : typeof value === 'object' && value !== null;
}
