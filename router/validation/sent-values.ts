import { getNamedType, isInputObjectType, isListType, isNonNullType } from 'graphql';
import type { GraphQLInputObjectType, GraphQLInputType } from 'graphql';
import { isRecord } from '../shared/is-record.ts';

type Prune = (coerced: unknown, sent: unknown) => unknown;

/**
 * Compiles the function that removes the schema's defaults from a coerced value. Each subgraph applies its
 * own defaults, which may differ from those of the supergraph: composition may round numbers, for example.
 * Returns undefined for a type without defaults.
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
    // Coercion turns a single value such as `1` into the list `[1]`. The value that the client has sent is
    // turned into a list too, so that its items correspond to the coerced ones.
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
