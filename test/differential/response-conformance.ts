import {
  Kind,
  executeSync,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLCompositeType,
  GraphQLOutputType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql';
import { isRecord } from '../../router/shared/is-record.ts';
import type { Random } from './random.ts';
import type { Values } from './random-operation.ts';

/** A response with random data of the schema. */
export type RandomResponse = { readonly data: unknown; readonly errors: number };

/** Executes an operation with random data. Errors come only from values of its arguments and variables. */
export function randomResponse(
  schema: GraphQLSchema,
  document: DocumentNode,
  { variables, random }: { readonly variables: Values; readonly random: Random },
): RandomResponse {
  const { data, errors = [] } = executeSync({
    schema,
    document,
    variableValues: variables,
    rootValue: {},
    fieldResolver: (_source, _arguments, _context, { returnType }) => randomData(returnType, schema, random),
    typeResolver: (value: unknown) => (isRecord(value) ? String(value['type']) : undefined),
  });
  return { data, errors: errors.length };
}

function randomData(type: GraphQLOutputType, schema: GraphQLSchema, random: Random): unknown {
  if (isNonNullType(type)) return presentData(type.ofType, schema, random);
  return random.chance(0.3) ? null : presentData(type, schema, random);
}

function presentData(type: GraphQLOutputType, schema: GraphQLSchema, random: Random): unknown {
  if (isListType(type))
    return [randomData(type.ofType, schema, random), randomData(type.ofType, schema, random)];
  if (isEnumType(type)) return random.maybePick(type.getValues())?.value;
  if (isAbstractType(type)) return { type: random.maybePick(schema.getPossibleTypes(type))?.name };
  return isObjectType(type) ? { type: type.name } : SCALARS[String(type)];
}

/** One value for each scalar, so that a value shows the type that it has. */
const SCALARS: Readonly<Record<string, unknown>> = {
  Int: 1,
  Float: 1.5,
  String: 's',
  ID: 'id',
  Boolean: true,
};

/** How a response differs from the types that a client has generated. */
export type Difference = {
  readonly kind: 'breaks' | 'changes';
  readonly path: string;
  readonly text: string;
};

/** Compares a response with the types of a schema, as a client has generated them. */
export function differencesFrom(
  schema: GraphQLSchema,
  document: DocumentNode,
  data: unknown,
): readonly Difference[] {
  const differences: Difference[] = [];
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const report = (kind: Difference['kind'], path: string, text: string) =>
    void differences.push({ kind, path, text });

  type Selected = { readonly parent: GraphQLCompositeType; readonly node: FieldNode };

  function collect(
    set: SelectionSetNode,
    parent: GraphQLCompositeType,
    typeName: string,
  ): readonly Selected[] {
    return set.selections.flatMap((selection): readonly Selected[] => {
      if (selection.kind === Kind.FIELD) return [{ parent, node: selection }];
      const fragment =
        selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      const condition = fragment?.typeCondition && schema.getType(fragment.typeCondition.name.value);
      if (fragment === undefined || !isCompositeType(condition)) return [];
      return isPossible(condition, typeName) ? collect(fragment.selectionSet, condition, typeName) : [];
    });
  }

  function isPossible(type: GraphQLCompositeType, name: string): boolean {
    if (!isAbstractType(type)) return type.name === name;
    return schema.getPossibleTypes(type).some((one) => one.name === name);
  }

  type Sets = readonly { readonly set: SelectionSetNode; readonly parent: GraphQLCompositeType }[];

  function compareObject(value: unknown, sets: Sets, path: string): void {
    if (!isRecord(value)) return report('breaks', path, 'is no object');
    const name = String(value['__typename']);
    if (!sets.every(({ parent }) => isPossible(parent, name)))
      return report(isAbstractType(sets[0]?.parent) ? 'changes' : 'breaks', path, `is a ${name}`);
    const selected = Map.groupBy(
      sets.flatMap(({ set, parent }) => collect(set, parent, name)),
      ({ node }) => (node.alias ?? node.name).value,
    );
    for (const [key, fields] of selected) {
      if (!Object.hasOwn(value, key)) report('breaks', `${path}.${key}`, 'is absent');
      else compareField(value[key], fields, `${path}.${key}`);
    }
    for (const key of Object.keys(value))
      if (!selected.has(key)) report('changes', `${path}.${key}`, 'is new');
  }

  function compareField(value: unknown, fields: readonly Selected[], path: string): void {
    const typed = fields.flatMap(({ parent, node }) => {
      const type = isUnionType(parent) ? undefined : parent.getFields()[node.name.value]?.type;
      return type === undefined ? [] : [{ type, node }];
    });
    for (const { type } of typed) compareLeaves(value, type, path);
    const sets = typed.flatMap(({ type, node }) => {
      const parent = getNamedType(type);
      return isCompositeType(parent) && node.selectionSet ? [{ parent, set: node.selectionSet }] : [];
    });
    if (sets.length > 0) for (const object of objectsIn(value)) compareObject(object, sets, path);
  }

  function compareLeaves(value: unknown, type: GraphQLOutputType, path: string): void {
    if (isNonNullType(type)) {
      if (value === null) report('breaks', path, 'is null');
      else compareLeaves(value, type.ofType, path);
    } else if (value === null) return;
    else if (isListType(type)) {
      if (!Array.isArray(value)) report('breaks', path, 'is no list');
      else for (const item of value) compareLeaves(item, type.ofType, path);
    } else if (Array.isArray(value)) report('breaks', path, 'is a list');
    else if (isEnumType(type)) {
      const isName = typeof value === 'string' && /^[A-Z]+$/.test(value);
      if (!isName) report('breaks', path, 'is no enum value');
      else if (!type.getValue(value)) report('changes', path, `is ${value}`);
    } else if (!isCompositeType(type) && value !== SCALARS[type.name])
      report('breaks', path, `is no ${type.name}`);
  }

  for (const node of document.definitions) {
    const root = node.kind === Kind.OPERATION_DEFINITION ? schema.getRootType(node.operation) : undefined;
    if (node.kind === Kind.OPERATION_DEFINITION && root && data !== null)
      compareObject(data, [{ set: node.selectionSet, parent: root }], '');
  }
  return differences;
}

function objectsIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  return value === null ? [] : [value];
}
