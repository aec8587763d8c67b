import { isRecord } from '../../shared/is-record.ts';
import { constantArguments } from '../../shared/graphql/constant-arguments.ts';
import { Kind, isInterfaceType, isObjectType, parse, visit } from 'graphql';
import type {
  ConstDirectiveNode,
  DefinitionNode,
  DirectiveNode,
  DocumentNode,
  FieldDefinitionNode,
  GraphQLSchema,
  InterfaceTypeDefinitionNode,
  ObjectTypeDefinitionNode,
  SelectionSetNode,
} from 'graphql';

/** A type whose fields have `@join__field` directives. */
export type CompositeDefinition = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

export function isCompositeDefinition(node: DefinitionNode): node is CompositeDefinition {
  return node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION;
}

/** Replaces every object and interface type of a supergraph by the result of `change`. */
export function mapComposites(
  document: DocumentNode,
  change: (type: CompositeDefinition) => CompositeDefinition,
): DocumentNode {
  return {
    ...document,
    definitions: document.definitions.map((node) => (isCompositeDefinition(node) ? change(node) : node)),
  };
}

/** Returns the string or enum argument of a directive; undefined if it is absent or of another kind. */
export function argumentOf(directive: DirectiveNode, name: string): string | undefined {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.STRING || value?.kind === Kind.ENUM ? value.value : undefined;
}

/** Returns whether a boolean argument of a directive has the given value. */
export function hasFlag(directive: DirectiveNode, flag: string, expected: boolean): boolean {
  return (directive.arguments ?? []).some(
    ({ name, value }) => name.value === flag && value.kind === Kind.BOOLEAN && value.value === expected,
  );
}

/** Maps the values of the enum `join__Graph` to the names of the subgraphs. */
export function serviceNames(document: DocumentNode): ReadonlyMap<string, string> {
  const graphs = document.definitions.find(
    (node) => node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph',
  );
  if (graphs?.kind !== Kind.ENUM_TYPE_DEFINITION) return new Map();
  return new Map(
    (graphs.values ?? []).map((value) => {
      const graph = value.directives?.find((directive) => directive.name.value === 'join__graph');
      return [value.name.value, (graph && argumentOf(graph, 'name')) ?? value.name.value];
    }),
  );
}

/** Returns the text that identifies a field of a subgraph, such as `billing Order.total`. */
export function coordinate(service: string, type: string, field: string): string {
  return `${service} ${type}.${field}`;
}

/** Parses the value of `key`, `requires` or `provides`: a selection set without its braces. */
export function parseFieldSet(text: string): SelectionSetNode {
  const [operation] = parse(`{${text}}`, { noLocation: true }).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`not a field set: ${text}`);
  return operation.selectionSet;
}

/** Returns the names of all fields in a selection set, including nested ones. */
export function fieldNamesIn(fieldSet: SelectionSetNode): string[] {
  const names: string[] = [];
  visit(fieldSet, { Field: ({ name }) => void names.push(name.value) });
  return names;
}

/**
 * Returns the types that have every field of `typeName`: the type itself and, for an interface, its
 * implementations.
 */
export function withImplementations(schema: GraphQLSchema, typeName: string): string[] {
  const type = schema.getType(typeName);
  if (!isInterfaceType(type)) return isObjectType(type) ? [typeName] : [];
  const { objects, interfaces } = schema.getImplementations(type);
  return [typeName, ...objects.map(({ name }) => name), ...interfaces.map(({ name }) => name)];
}

/**
 * Returns the selections with which a field's arguments read values from a context (`@fromContext`), as
 * listed in a `@join__field` directive of the field.
 */
export function contextSelections(join: ConstDirectiveNode): readonly SelectionSetNode[] {
  const { contextArguments } = constantArguments(join);
  const list: readonly unknown[] = Array.isArray(contextArguments) ? contextArguments : [];
  return list.flatMap((one) => {
    if (!isRecord(one) || typeof one['selection'] !== 'string') return [];
    const text = one['selection'].trim();
    // `parseFieldSet` adds outer braces, so those of `{ currency }`, a selection for all types, are removed.
    // Fragments for single types, such as `... on User { currency }`, have no outer braces.
    return [parseFieldSet(text.startsWith('{') ? text.slice(1, -1) : text)];
  });
}

/** Returns the fields of a type with their `@join__field` directives, one at a time. */
export function* joinFields(
  type: CompositeDefinition,
): Generator<{ field: FieldDefinitionNode; join: ConstDirectiveNode }> {
  for (const field of type.fields ?? []) {
    for (const join of field.directives ?? []) {
      if (join.name.value === 'join__field') yield { field, join };
    }
  }
}
