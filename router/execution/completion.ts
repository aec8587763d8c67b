import {
  getNullableType,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql';
import type {
  FieldNode,
  GraphQLAbstractType,
  GraphQLInterfaceType,
  GraphQLNamedType,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql';
import { RouterError } from '../errors.ts';
import { isJsonObject, readOwn } from './json.ts';
import type { JsonObject } from './json.ts';
import { leafWriter } from './leaf.ts';
import type { Deliveries, FetchReference } from './delivery.ts';
import type { PlannedNames } from './planned-names.ts';
import { collectFields, dependsOnType } from './selected-fields.ts';
import type { Selecting } from './selected-fields.ts';

/** What completion needs to know of the execution whose data it completes. */
export type CompletionRun = {
  /** Response path of the value being completed; valid up to the depth of the field at hand. */
  readonly path: (string | number)[];
  /** Grows with each error: text made while it stood still can be used for the same object elsewhere. */
  problems: number;
  readonly memo: Map<unknown, Map<object, string>>;
  introspection(responseName: string): string;
  /** A value is absent, or is null where the schema has no null. */
  onMissing(field: CompletedField, depth: number, parent: JsonObject, value: unknown): void;
  onWrongType(field: CompletedField, depth: number): void;
};

export type CompletedField = {
  /** `Product.price`, for messages. */
  readonly coordinate: string;
  readonly typeName: string;
  /** The fetches that deliver it. */
  readonly fetches: readonly FetchReference[];
};

/** The JSON text of a value; `null` when the value is null, with the error told to the run. */
type Complete = (value: unknown, parent: JsonObject, run: CompletionRun) => string | null;

export type Completion = (root: JsonObject, run: CompletionRun) => string;

export type CompletionInput = Selecting & {
  readonly names: PlannedNames;
  readonly deliveries: Deliveries;
  /** Paths of fields whose values can stand in many objects at once. */
  readonly shareable: ReadonlySet<string>;
};

type Place = { readonly depth: number; readonly path: string; readonly field: CompletedField };

/** Compiles the projection of the merged tree to what the operation selects (GraphQL, section 6.4). */
export function compileCompletion(
  input: CompletionInput,
  rootType: GraphQLObjectType,
  selectionSet: SelectionSetNode,
): Completion {
  const field = { coordinate: rootType.name, typeName: rootType.name, fetches: [] };
  refuseUnplanned(input, rootType, selectionSet);
  const complete = compileFields(input, rootType, [selectionSet], { depth: -1, path: '', field });
  return (root, run) => complete(root, root, run) ?? 'null';
}

function refuseUnplanned(
  input: CompletionInput,
  rootType: GraphQLObjectType,
  selectionSet: SelectionSetNode,
): void {
  for (const [node] of collectFields(input, rootType, [selectionSet]).values()) {
    if (node === undefined || node.name.value.startsWith('__')) continue;
    if (input.deliveries(input.names.keyOf(node)).length > 0) continue;
    throw new RouterError(
      'OPERATION_NOT_PLANNABLE',
      `no service delivers ${rootType.name}.${node.name.value}`,
    );
  }
}

function compileFields(
  input: CompletionInput,
  type: GraphQLObjectType | GraphQLInterfaceType,
  selectionSets: readonly SelectionSetNode[],
  place: Place,
): Complete {
  const collected = collectFields(input, type, selectionSets);
  const members = [...collected].map(([name, nodes]) => compileMember(input, type, nodes, name, place));
  const prefixes = [...collected.keys()].map(
    (name, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`,
  );
  return (value, _, run) => {
    if (!isJsonObject(value)) return wrongType(place, run);
    let text = '';
    for (let index = 0; index < members.length; index += 1) {
      const member = members[index]?.(value, run) ?? null;
      if (member === null) return null;
      text += prefixes[index] + member;
    }
    return members.length === 0 ? '{}' : `${text}}`;
  };
}

function wrongType({ field, depth }: Place, run: CompletionRun): null {
  run.onWrongType(field, depth);
  return null;
}

/** Text of one field of an object, `null` when the object has to become null. */
type Member = (object: JsonObject, run: CompletionRun) => string | null;

function compileMember(
  input: CompletionInput,
  parent: GraphQLObjectType | GraphQLInterfaceType,
  nodes: readonly FieldNode[],
  responseName: string,
  place: Place,
): Member {
  const node = nodes[0];
  const name = node?.name.value ?? '';
  if (name === '__typename') return compileTypename(parent, responseName, place);
  if (name === '__schema' || name === '__type') return (_, run) => run.introspection(responseName);
  const definition = parent.getFields()[name];
  if (node === undefined || definition === undefined) throw new Error(`no field ${parent.name}.${name}`);
  const key = input.names.keyOf(node);
  const path = place.path === '' ? key : `${place.path}.${key}`;
  const { type } = definition;
  const field = {
    coordinate: `${parent.name}.${name}`,
    typeName: String(getNullableType(type)),
    fetches: input.deliveries(path),
  };
  const depth = place.depth + 1;
  const selectionSets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const direct = compileNullable(input, type, selectionSets, { depth, path, field });
  const complete = input.shareable.has(path) ? memoised(direct) : direct;
  return (object, run) => {
    run.path[depth] = responseName;
    return complete(readOwn(object, key), object, run);
  };
}

/** An answer that was merged into many objects is completed once, unless there is an error to be located in each. */
function memoised(complete: Complete): Complete {
  return (value, parent, run) => {
    if (typeof value !== 'object' || value === null) return complete(value, parent, run);
    let texts = run.memo.get(complete);
    if (texts === undefined) run.memo.set(complete, (texts = new Map()));
    const known = texts.get(value);
    if (known !== undefined) return known;
    const { problems } = run;
    const text = complete(value, parent, run);
    if (text !== null && run.problems === problems) texts.set(value, text);
    return text;
  };
}

function compileTypename(parent: GraphQLNamedType, responseName: string, { field, depth }: Place): Member {
  const text = JSON.stringify(parent.name);
  if (!isAbstractType(parent)) return () => text;
  return (object, run) => {
    run.path[depth + 1] = responseName;
    run.onMissing({ ...field, coordinate: `${parent.name}.__typename` }, depth + 1, object, undefined);
    return null;
  };
}

/** `null` from a nullable type's completion is text; from a non-null type's it is for the parent to pass on. */
function compileNullable(
  input: CompletionInput,
  type: GraphQLOutputType,
  selectionSets: readonly SelectionSetNode[],
  place: Place,
): Complete {
  const isRequired = isNonNullType(type);
  const complete = compileValue(input, isRequired ? type.ofType : type, selectionSets, place);
  return (value, parent, run) => {
    if (value === null && !isRequired) return 'null';
    if (value === undefined || value === null) {
      run.onMissing(place.field, place.depth, parent, value);
      return isRequired ? null : 'null';
    }
    return complete(value, parent, run) ?? (isRequired ? null : 'null');
  };
}

function compileValue(
  input: CompletionInput,
  type: GraphQLOutputType,
  selectionSets: readonly SelectionSetNode[],
  place: Place,
): Complete {
  if (isListType(type)) {
    return completeList(
      compileNullable(input, type.ofType, selectionSets, { ...place, depth: place.depth + 1 }),
      place,
    );
  }
  if (isNonNullType(type)) throw new Error('a type cannot be non-null twice');
  if (isLeafType(type)) {
    const write = leafWriter(type);
    return (value, _, run) => write(value) ?? wrongType(place, run);
  }
  if (isAbstractType(type)) return compileAbstract(input, type, selectionSets, place);
  return compileObject(input, type, selectionSets, place);
}

function completeList(completeItem: Complete, place: Place): Complete {
  return (value, parent, run) => {
    if (!Array.isArray(value)) return wrongType(place, run);
    let text = '[';
    for (let index = 0; index < value.length; index += 1) {
      run.path[place.depth + 1] = index;
      const item = completeItem(value[index], parent, run);
      if (item === null) return null;
      text += index === 0 ? item : `,${item}`;
    }
    return `${text}]`;
  };
}

function compileObject(
  input: CompletionInput,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
  place: Place,
): Complete {
  const complete = compileFields(input, type, selectionSets, place);
  return (value, parent, run) => {
    if (!isJsonObject(value)) return wrongType(place, run);
    const typename = value['__typename'];
    return typename === undefined || typename === type.name
      ? complete(value, parent, run)
      : wrongType(place, run);
  };
}

function compileAbstract(
  input: CompletionInput,
  type: GraphQLAbstractType,
  selectionSets: readonly SelectionSetNode[],
  place: Place,
): Complete {
  const members = possibleMembers(input.schema, type);
  const programs = new Map<unknown, Complete>();
  const unresolved = {
    ...place.field,
    coordinate: `${type.name}.__typename`,
    fetches: input.deliveries(`${place.path}.__typename`),
  };
  return (value, parent, run) => {
    if (!isJsonObject(value)) return wrongType(place, run);
    const typename = value['__typename'];
    let program = programs.get(typename);
    if (program === undefined) {
      const member = members.get(typename);
      if (member === undefined) return wrongType(place, run);
      if (isAbstractType(member) && dependsOnType(input, member, selectionSets)) {
        run.onMissing(unresolved, place.depth, value, undefined);
        return null;
      }
      program = compileFields(input, member, selectionSets, place);
      programs.set(typename, program);
    }
    return program(value, parent, run);
  };
}

/**
 * The types that a value can turn out to have. An interface is among them, and stands for an absent `__typename`, because the
 * subgraph of an `@interfaceObject` does not know more.
 */
function possibleMembers(
  schema: GraphQLSchema,
  type: GraphQLAbstractType,
): ReadonlyMap<unknown, GraphQLObjectType | GraphQLInterfaceType> {
  const objects = schema.getPossibleTypes(type).map((member) => [member.name, member] as const);
  if (!isInterfaceType(type)) return new Map(objects);
  const interfaces = [type, ...schema.getImplementations(type).interfaces].map(
    (member) => [member.name, member] as const,
  );
  return new Map<unknown, GraphQLObjectType | GraphQLInterfaceType>([
    [undefined, type],
    ...interfaces,
    ...objects,
  ]);
}
