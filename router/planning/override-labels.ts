import { TypeInfo, parse, separateOperations, visit, visitWithTypeInfo } from 'graphql';
import type { DocumentNode, GraphQLSchema, SelectionSetNode } from 'graphql';
import { Kind, getNamedType, isAbstractType, isInterfaceType, isObjectType } from 'graphql';
import { constantArguments } from '../shared/graphql/constant-arguments.ts';
import {
  contextSelections,
  fieldNamesIn,
  isCompositeDefinition,
  joinFields,
  parseFieldSet,
} from './prepare/supergraph-document.ts';
import type { CompositeDefinition } from './prepare/supergraph-document.ts';

/** A field that a label of a progressive `@override` moves to another subgraph. */
export type OverriddenField = { readonly coordinate: string; readonly from: string };

/** The labels of progressive `@override` in a supergraph. */
export type OverrideLabels = {
  /** Fields that a label moves to another subgraph. The key is the label. */
  readonly fields: ReadonlyMap<string, readonly OverriddenField[]>;
  /** Returns the labels on which the plan of an operation can depend, sorted. */
  readonly ofOperation: (document: DocumentNode, operationName: string | undefined) => readonly string[];
};

/** Reads the labels of progressive `@override` from a supergraph. */
export function readOverrideLabels(supergraphSdl: string, schema: GraphQLSchema): OverrideLabels {
  const fields = new Map<string, OverriddenField[]>();
  if (!supergraphSdl.includes('overrideLabel')) return { fields, ofOperation: () => [] };
  const types = parse(supergraphSdl, { noLocation: true }).definitions.filter(isCompositeDefinition);
  const labels = new Map<string, Set<string>>();
  for (const type of types) {
    for (const { field, join } of joinFields(type)) {
      const { override, overrideLabel } = constantArguments(join);
      if (typeof overrideLabel !== 'string') continue;
      const coordinate = `${type.name.value}.${field.name.value}`;
      labels.set(coordinate, (labels.get(coordinate) ?? new Set()).add(overrideLabel));
      if (typeof override !== 'string') continue;
      fields.set(overrideLabel, [...(fields.get(overrideLabel) ?? []), { coordinate, from: override }]);
    }
  }
  const definitions = new Map(types.map((type) => [type.name.value, type]));
  const reach = createReach({ schema, definitions, labels });
  return {
    fields,
    ofOperation: (document, operationName) => reach(operationOf(document, operationName)),
  };
}

function operationOf(document: DocumentNode, operationName: string | undefined): DocumentNode {
  const operations = separateOperations(document);
  return operations[operationName ?? ''] ?? Object.values(operations)[0] ?? document;
}

type LabelledTypes = {
  readonly schema: GraphQLSchema;
  readonly definitions: ReadonlyMap<string, CompositeDefinition>;
  /** Labels in the `@override` directives of each field, by coordinate (`Product.price`). */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>;
};

/**
 * Creates the function that collects the labels on which the plan of an operation can depend: those of its
 * fields, of the fields that these require, and of the keys with which the planner moves between subgraphs.
 */
function createReach(types: LabelledTypes): (document: DocumentNode) => readonly string[] {
  const { schema } = types;
  return (document) => {
    const reached: Reached = { types, labels: new Set(), seen: new Set() };
    const typeInfo = new TypeInfo(schema);
    visit(
      document,
      visitWithTypeInfo(typeInfo, {
        Field: ({ name }) => {
          const parent = typeInfo.getParentType();
          if (parent) reachField(parent.name, name.value, reached);
        },
      }),
    );
    return [...reached.labels].sort();
  };
}

type Reached = {
  readonly types: LabelledTypes;
  readonly labels: Set<string>;
  /**
   * Coordinates of fields that were visited, and names of types whose keys were visited. They are not visited
   * again.
   */
  readonly seen: Set<string>;
};

function reachField(typeName: string, fieldName: string, reached: Reached): void {
  for (const relative of relativesOf(typeName, reached.types.schema)) {
    const coordinate = `${relative}.${fieldName}`;
    if (reached.seen.has(coordinate)) continue;
    reached.seen.add(coordinate);
    for (const label of reached.types.labels.get(coordinate) ?? []) reached.labels.add(label);
    const definition = reached.types.definitions.get(relative);
    if (definition === undefined) continue;
    reachKeys(definition, reached);
    for (const { field, join } of joinFields(definition)) {
      if (field.name.value !== fieldName) continue;
      const { requires } = constantArguments(join);
      if (typeof requires === 'string') reachFieldSet(parseFieldSet(requires), relative, reached);
      for (const selection of contextSelections(join)) reachContext(selection, reached);
    }
  }
}

/**
 * Adds to `labels` the labels of the fields that an argument with `@fromContext` reads. The type that
 * provides the context is unknown here, so the labels of all fields with these names, in any type, are added.
 */
function reachContext(selection: SelectionSetNode, { types, labels }: Reached): void {
  const names = new Set(fieldNamesIn(selection));
  for (const [coordinate, own] of types.labels) {
    if (names.has(coordinate.split('.')[1] ?? '')) for (const label of own) labels.add(label);
  }
}

function reachKeys(definition: CompositeDefinition, reached: Reached): void {
  const { value: typeName } = definition.name;
  if (reached.seen.has(typeName)) return;
  reached.seen.add(typeName);
  for (const directive of definition.directives ?? []) {
    const { key } = constantArguments(directive);
    if (typeof key === 'string') reachFieldSet(parseFieldSet(key), typeName, reached);
  }
}

function reachFieldSet({ selections }: SelectionSetNode, typeName: string, reached: Reached): void {
  for (const selection of selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      reachFieldSet(selection.selectionSet, selection.typeCondition?.name.value ?? typeName, reached);
      continue;
    }
    reachField(typeName, selection.name.value, reached);
    const type = reached.types.schema.getType(typeName);
    if (selection.selectionSet === undefined || !(isObjectType(type) || isInterfaceType(type))) continue;
    const inner = getNamedType(type.getFields()[selection.name.value]?.type);
    if (inner) reachFieldSet(selection.selectionSet, inner.name, reached);
  }
}

/** Returns a type, its interfaces, its possible types and their interfaces: a plan may use any of them. */
function relativesOf(typeName: string, schema: GraphQLSchema): ReadonlySet<string> {
  const type = schema.getType(typeName);
  const objects = isAbstractType(type) ? schema.getPossibleTypes(type) : isObjectType(type) ? [type] : [];
  const interfaces = objects.flatMap((object) => object.getInterfaces());
  return new Set([typeName, ...objects.map(({ name }) => name), ...interfaces.map(({ name }) => name)]);
}
