import { buildSubgraphSchema } from '@apollo/subgraph';
import { Kind, execute, isAbstractType, isObjectType, parse, validate } from 'graphql';
import type {
  ConstDirectiveNode,
  ConstValueNode,
  DocumentNode,
  GraphQLError,
  GraphQLFieldResolver,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql';
import { parseFieldSet } from '../../router/planning/prepare/supergraph-document.ts';
import { readsExactly } from './exact-values.ts';
import {
  canonical,
  entityOf,
  isRef,
  numberOf,
  datasetResolver,
  datasetTypeResolver,
  selectedFrom,
} from './dataset.ts';
import type { Ref, Dataset } from './dataset.ts';
import type { MovedFields } from './moved-fields.ts';

export type SubgraphResult = { readonly data?: unknown; readonly errors?: readonly GraphQLError[] };

/**
 * A subgraph in this process. It rejects what a real one would: invalid documents and keys that it does not
 * resolve.
 */
export type Subgraph = {
  readonly name: string;
  readonly schema: GraphQLSchema;
  respond(dataset: Dataset, query: string, variables: Record<string, unknown>): SubgraphResult;
};

type FieldSets = ReadonlyMap<string, readonly SelectionSetNode[]>;

/** @param moved fields that this or another subgraph moves by a label */
export function createSubgraph(name: string, typeDefs: string, moved: MovedFields): Subgraph {
  const document = parse(typeDefs);
  const schema = readsExactly(withOpenEntities(buildSubgraphSchema([{ typeDefs: document }])));
  const keys = fieldSets(document, 'key');
  const requires = fieldSets(document, 'requires');
  const provides = fieldSets(document, 'provides');
  const documents = new Map<string, DocumentNode>();
  return {
    name,
    schema,
    respond(dataset, query, variables) {
      const parsed = documents.get(query) ?? parse(query);
      if (!documents.has(query)) {
        const errors = validate(schema, parsed);
        if (errors.length > 0) return { errors };
        documents.set(query, parsed);
      }
      const result = execute({
        schema,
        document: parsed,
        variableValues: variables,
        fieldResolver: onOneSide(subgraphResolver(dataset, { keys, requires, provides }), {
          name,
          moved,
          dataset,
        }),
        typeResolver: datasetTypeResolver,
      });
      if (result instanceof Promise) throw new Error('nothing here is asynchronous');
      return result;
    },
  };
}

/** `_entities`, resolved by the resolvers of the dataset. */
function withOpenEntities(schema: GraphQLSchema): GraphQLSchema {
  const entities = schema.getQueryType()?.getFields()['_entities'];
  if (entities) delete entities.resolve;
  for (const type of Object.values(schema.getTypeMap())) {
    if (isAbstractType(type)) type.resolveType = undefined;
  }
  return schema;
}

/** Fails for fields that the other subgraph of a label resolves. */
function onOneSide(
  resolve: GraphQLFieldResolver<Ref, unknown>,
  { name, moved, dataset }: { readonly name: string; readonly moved: MovedFields; readonly dataset: Dataset },
): GraphQLFieldResolver<Ref, unknown> {
  if (moved.size === 0) return resolve;
  return (source, args, context, info) => {
    const field = moved.get(`${info.parentType.name}.${info.fieldName}`);
    // Others resolve the field only where they provide it.
    if (field !== undefined && (name === field.from || name === field.to)) {
      const side = dataset.overrides.isTrue(field.label) ? field.to : field.from;
      if (name !== side) throw new Error(`${field.label} moves the field to ${side}`);
    }
    return resolve(source, args, context, info);
  };
}

type Directives = {
  readonly keys: FieldSets;
  readonly requires: FieldSets;
  readonly provides: FieldSets;
};

function subgraphResolver(
  dataset: Dataset,
  { keys, requires, provides }: Directives,
): GraphQLFieldResolver<Ref, unknown> {
  const resolve = datasetResolver(dataset);
  return (source, args, context, info) => {
    if (info.parentType.name === 'Query' && info.fieldName === '_entities') {
      const representations: Record<string, unknown>[] = args['representations'];
      return representations.map((representation) =>
        resolveReference(dataset, representation, keys, info.schema),
      );
    }
    const coordinate = `${info.parentType.name}.${info.fieldName}`;
    const [required] = requires.get(coordinate) ?? [];
    if (required !== undefined) checkRequired(dataset, source, required);
    const [provided] = provides.get(coordinate) ?? [];
    const value = resolve(source, args, context, info);
    return provided === undefined ? value : withProvided(value, provided);
  };
}

function resolveReference(
  dataset: Dataset,
  representation: Readonly<Record<string, unknown>>,
  keys: FieldSets,
  schema: GraphQLSchema,
): Ref | Error | null {
  const typename = String(representation['__typename']);
  const usable = (keys.get(typename) ?? []).filter((key) => selects(representation, key));
  const [key] = usable;
  if (key === undefined) return new Error(`${typename} has no such key here`);
  const numbers = new Set(keyNumbers(representation, key));
  const [number] = numbers;
  if (numbers.size !== 1 || number === undefined) return null;
  // An `@interfaceObject` does not know its implementations.
  const isOwnType = isObjectType(schema.getType(typename));
  return { ...(isOwnType ? { typename, number } : entityOf(dataset, typename, number)), representation };
}

function selects(value: Readonly<Record<string, unknown>>, { selections }: SelectionSetNode): boolean {
  return selections.every((selection) => {
    if (selection.kind !== Kind.FIELD) return true;
    const inner = value[selection.name.value];
    if (selection.selectionSet === undefined) return inner !== undefined && inner !== null;
    return isRecord(inner) && selects(inner, selection.selectionSet);
  });
}

function keyNumbers(
  value: Readonly<Record<string, unknown>>,
  { selections }: SelectionSetNode,
): (number | undefined)[] {
  return selections.flatMap((selection) => {
    if (selection.kind !== Kind.FIELD) return [];
    const inner = value[selection.name.value];
    if (selection.selectionSet && isRecord(inner)) return keyNumbers(inner, selection.selectionSet);
    return [numberOf(selection.name.value, inner)];
  });
}

/** Marks the objects that a field returns with the fields that it provides. */
function withProvided(value: unknown, provided: SelectionSetNode): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withProvided(item, provided));
  return isRef(value) ? { ...value, provided } : value;
}

/**
 * Throws unless the representation contains exactly the required fields as in this dataset, or the field that
 * returned the object provides them.
 */
function checkRequired(dataset: Dataset, source: Ref, required: SelectionSetNode): void {
  if (source.provided !== undefined && namesIn(required).isSubsetOf(namesIn(source.provided))) return;
  if (source.representation === undefined) throw new Error('required fields are absent');
  const data = requiredData(dataset, source, required);
  const expected = canonical(data);
  const given = canonical(picked(source.representation, required, data));
  if (expected !== given) throw new Error(`required ${expected} and was given ${given}`);
}

/** Executes the requirement on the whole graph like an operation on the object. */
function requiredData(dataset: Dataset, source: Ref, selectionSet: SelectionSetNode): unknown {
  // The dataset knows the implementations of an `@interfaceObject`.
  return selectedFrom(dataset, entityOf(dataset, source.typename, source.number), selectionSet);
}

/** Returns the part of a representation that a selection set selects. */
function picked(value: unknown, selectionSet: SelectionSetNode | undefined, expected: unknown): unknown {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = Array.isArray(expected) ? expected : [];
    return value.map((item, index) => picked(item, selectionSet, items[index]));
  }
  if (selectionSet === undefined || !isRecord(value)) return value;
  return Object.fromEntries(pickedEntries(value, selectionSet, isRecord(expected) ? expected : {}));
}

function pickedEntries(
  value: Readonly<Record<string, unknown>>,
  { selections }: SelectionSetNode,
  expected: Readonly<Record<string, unknown>>,
): [string, unknown][] {
  return selections.flatMap((selection) => {
    switch (selection.kind) {
      case Kind.FIELD: {
        const name = selection.name.value;
        return [[name, picked(value[name], selection.selectionSet, expected[name])] as [string, unknown]];
      }
      case Kind.INLINE_FRAGMENT: {
        const typename = value['__typename'];
        // Conditions of the generated requirements are object types.
        if (typename !== undefined && typename !== selection.typeCondition?.name.value) return [];
        const entries = pickedEntries(value, selection.selectionSet, expected);
        // A requirement may omit `__typename`. The representation may then have fields that are required of
        // another type.
        return typename === undefined ? entries.filter(([name]) => Object.hasOwn(expected, name)) : entries;
      }
      case Kind.FRAGMENT_SPREAD:
        return [];
    }
  });
}

/** Returns the field sets of a directive's `fields`, by type or by coordinate. */
function fieldSets(document: DocumentNode, directiveName: 'key' | 'requires' | 'provides'): FieldSets {
  const found = new Map<string, SelectionSetNode[]>();
  const read = (at: string, directives: readonly ConstDirectiveNode[] = []) => {
    for (const directive of directives.filter(({ name }) => name.value === directiveName)) {
      if (argument(directive, 'resolvable')?.kind === Kind.BOOLEAN) continue;
      const fields = argument(directive, 'fields');
      if (fields?.kind === Kind.STRING)
        found.set(at, [...(found.get(at) ?? []), parseFieldSet(fields.value)]);
    }
  };
  for (const type of document.definitions) {
    if (
      type.kind !== Kind.OBJECT_TYPE_DEFINITION &&
      type.kind !== Kind.OBJECT_TYPE_EXTENSION &&
      type.kind !== Kind.INTERFACE_TYPE_DEFINITION
    )
      continue;
    read(type.name.value, type.directives);
    for (const field of type.fields ?? []) read(`${type.name.value}.${field.name.value}`, field.directives);
  }
  return found;
}

/** Returns the names of the fields in a selection set, without those of nested objects and of fragments. */
function namesIn({ selections }: SelectionSetNode): ReadonlySet<string> {
  return new Set(
    selections.flatMap((selection) => (selection.kind === Kind.FIELD ? [selection.name.value] : [])),
  );
}

function argument(directive: ConstDirectiveNode, name: string): ConstValueNode | undefined {
  return directive.arguments?.find((given) => given.name.value === name)?.value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
