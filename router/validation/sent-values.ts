import { getNamedType, isInputObjectType, isListType, isNonNullType } from 'graphql';
import type { GraphQLInputObjectType, GraphQLInputType } from 'graphql';
import { isRecord } from '../shared/is-record.ts';

type Prune = (coerced: unknown, sent: unknown) => unknown;

/**
 * Compiles the removal of schema defaults from a coerced value. Subgraphs must apply their own defaults:
 * composition may have rounded those of the supergraph, and an enum literal in the default of a custom scalar
 * has no JSON form. Undefined for a type without such defaults.
 */
export function compilePruning(type: GraphQLInputType): Prune | undefined {
  const named = getNamedType(type);
  return isInputObjectType(named) && hasDefaults(named, new Set())
    ? (coerced, sent) => prune(type, coerced, sent)
    : undefined;
}

function hasDefaults(type: GraphQLInputObjectType, seen: Set<GraphQLInputObjectType>): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  return Object.values(type.getFields()).some(({ type: fieldType, defaultValue }) => {
    const named = getNamedType(fieldType);
    return defaultValue !== undefined || (isInputObjectType(named) && hasDefaults(named, seen));
  });
}

function prune(type: GraphQLInputType, coerced: unknown, sent: unknown): unknown {
  if (isNonNullType(type)) return prune(type.ofType, coerced, sent);
  if (isListType(type)) {
    if (!Array.isArray(coerced)) return coerced;
    // Coercion turns a single value into a list.
    const items = Array.isArray(sent) ? sent : [sent];
    return coerced.map((item, index) => prune(type.ofType, item, items[index]));
  }
  if (!isInputObjectType(type) || !isRecord(coerced) || !isRecord(sent)) return coerced;
  const fields = type.getFields();
  return Object.fromEntries(
    Object.entries(coerced).flatMap(([name, value]) => {
      const field = fields[name];
      if (field === undefined || sent[name] === undefined) return [];
      return [[name, prune(field.type, value, sent[name])]];
    }),
  );
}
