import { isInterfaceType, isObjectType } from 'graphql';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import type { CostModel, Variables } from './cost-model.ts';
import { compileTotal } from './operation-total.ts';

/** How often an operation calls a field whose calls are limited. */
export type FieldCalls = {
  /** As the configuration names it: `Mutation.login`. */
  readonly coordinate: string;
  readonly calls: number;
};

/** Limited fields by the coordinate under which an operation can reach them. */
export type LimitedFields = ReadonlyMap<string, ReadonlySet<string>>;

/** Finds the ways to the limited fields: a field of an object can also be asked for through its interfaces, and the other way round. */
export function findLimitedFields(schema: GraphQLSchema, coordinates: readonly string[]): LimitedFields {
  const found = new Map<string, Set<string>>();
  for (const coordinate of coordinates) {
    const [typeName = '', fieldName = ''] = coordinate.split('.');
    for (const name of typesMeeting(schema, typeName)) {
      const way = `${name}.${fieldName}`;
      found.set(way, (found.get(way) ?? new Set()).add(coordinate));
    }
  }
  return found;
}

function typesMeeting(schema: GraphQLSchema, name: string): readonly string[] {
  const type = schema.getType(name);
  if (isObjectType(type)) return [name, ...type.getInterfaces().map((parent) => parent.name)];
  if (!isInterfaceType(type)) return [name];
  const { objects, interfaces } = schema.getImplementations(type);
  return [name, ...[...objects, ...interfaces, ...type.getInterfaces()].map((other) => other.name)];
}

/**
 * Compiles the count of calls of limited fields: each alias is one, each spread of a fragment too, and in a list each item
 * that the estimate assumes.
 */
export function compileFieldCalls(
  model: CostModel,
  limited: LimitedFields,
  operation: { readonly document: DocumentNode; readonly name: string | undefined },
): (variables: Variables) => readonly FieldCalls[] {
  const coordinates = new Set([...limited.values()].flatMap((set) => [...set]));
  const counts = [...coordinates].flatMap((coordinate) => {
    let isAskedFor = false;
    const call = (way: string) => {
      const isLimited = limited.get(way)?.has(coordinate) === true;
      isAskedFor ||= isLimited;
      return isLimited ? () => 1 : undefined;
    };
    const { evaluate } = compileTotal(
      model,
      { item: () => 0, call: (field) => call(field.coordinate), unknown: 0 },
      operation,
    );
    return isAskedFor ? [{ coordinate, evaluate }] : [];
  });
  if (counts.length === 0) return () => [];
  return (variables) =>
    counts
      .map(({ coordinate, evaluate }) => ({ coordinate, calls: evaluate(variables) }))
      .filter(({ calls }) => calls > 0);
}
