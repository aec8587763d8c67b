import { isAbstractType, isInterfaceType } from 'graphql';
import type { GraphQLAbstractType, GraphQLSchema, SelectionSetNode } from 'graphql';
import { isObjectValue } from '../../shared/json.ts';
import { joinPath } from '../fetch/delivery.ts';
import type { CompletionInput, Place, RuntimeType } from './completion-input.ts';
import { denied, unusable, wrongType } from './completion-run.ts';
import type { Complete } from './completion-run.ts';
import { dependsOnType } from './selected-fields.ts';

type AbstractValue = {
  readonly type: GraphQLAbstractType;
  readonly selectionSets: readonly SelectionSetNode[];
  readonly place: Place;
};

/**
 * Creates the function that writes values of an interface or union as JSON text. The code for each object
 * type is compiled when an object of this type first occurs.
 */
export function completeAbstract(
  input: CompletionInput,
  { type, selectionSets, place }: AbstractValue,
  compileMember: (member: RuntimeType) => Complete,
): Complete {
  const members = possibleMembers(input.schema, type);
  const programs = new Map<unknown, Complete>();
  const unresolved = {
    ...place.field,
    coordinate: `${type.name}.__typename`,
    fetches: input.deliveries(joinPath(place.path, '__typename')),
    fallback: undefined,
  };
  return (value, run) => {
    if (!isObjectValue(value)) return wrongType(run, place.field, place.depth);
    const typename = value['__typename'];
    const known = programs.get(typename);
    if (known !== undefined) return known(value, run);
    const member = members.get(typename);
    if (member === undefined) return wrongType(run, place.field, place.depth);
    if (input.denials?.type(member.name)) return denied(run, place.depth, null);
    if (isAbstractType(member) && dependsOnType(input, member, selectionSets)) {
      return unusable(run, unresolved, place.depth, value, undefined, null);
    }
    const program = compileMember(member);
    programs.set(typename, program);
    return program(value, run);
  };
}

/**
 * Maps each `__typename` that a value of an interface or union can have to the type whose fields are written.
 * A value of an interface may have the name of an interface or no `__typename`, because the subgraph of an
 * `@interfaceObject` does not know the object type.
 */
function possibleMembers(
  schema: GraphQLSchema,
  type: GraphQLAbstractType,
): ReadonlyMap<unknown, RuntimeType> {
  const objects = schema.getPossibleTypes(type).map((member) => [member.name, member] as const);
  if (!isInterfaceType(type)) return new Map(objects);
  const interfaces = [type, ...schema.getImplementations(type).interfaces].map(
    (member) => [member.name, member] as const,
  );
  return new Map<unknown, RuntimeType>([[undefined, type], ...interfaces, ...objects]);
}
