import { buildASTSchema, isInterfaceType } from 'graphql';
import type { ConstDirectiveNode, DocumentNode, FieldDefinitionNode, GraphQLSchema } from 'graphql';
import { extractRequiredArguments } from './required-arguments.ts';
import type { RequiredArguments } from './required-arguments.ts';
import {
  argumentOf,
  fieldNamesIn,
  hasFlag,
  isCompositeDefinition,
  joinFields,
  mapComposites,
  parseFieldSet,
  serviceNames,
} from './supergraph-document.ts';

/** A supergraph changed so that Apollo's planner plans it right, and what is needed to read the plans. */
export type PreparedSupergraph = {
  readonly document: DocumentNode;
  /** The supergraph's types, with the join directives. */
  readonly schema: GraphQLSchema;
  /** Names of the fields that keys and `@requires` read. */
  readonly reserved: ReadonlySet<string>;
  /** Interfaces that some subgraph knows as an `@interfaceObject`, with the services that do. */
  readonly interfaceObjects: ReadonlyMap<string, ReadonlySet<string>>;
  /** By such an interface, the names of the fields that these services deliver without requiring others. */
  readonly interfaceObjectFields: ReadonlyMap<string, ReadonlySet<string>>;
  /** Names of the fields of these interfaces. */
  readonly shared: ReadonlySet<string>;
  readonly required: RequiredArguments;
  /** Which keys are left in the document. */
  readonly keys: 'all' | 'resolvable';
};

/**
 * @param parsed without locations.
 * @param keys whether keys with `resolvable: false` are dropped.
 */
export function prepareSupergraph(
  parsed: DocumentNode,
  { keys }: Pick<PreparedSupergraph, 'keys'>,
): PreparedSupergraph {
  const schema = buildASTSchema(parsed, { assumeValidSDL: true, assumeValid: true });
  const { document, required } = extractRequiredArguments(
    keys === 'all' ? parsed : dropUnresolvableKeys(parsed),
    schema,
  );
  const interfaceObjects = interfaceObjectsIn(document);
  return {
    document,
    schema,
    reserved: reservedNames(document),
    interfaceObjects,
    interfaceObjectFields: interfaceObjectFieldsIn(document),
    shared: new Set([...interfaceObjects.keys()].flatMap((name) => fieldNamesOf(name, schema))),
    required,
    keys,
  };
}

function fieldNamesOf(typeName: string, schema: GraphQLSchema): readonly string[] {
  const type = schema.getType(typeName);
  return isInterfaceType(type) ? Object.keys(type.getFields()) : [];
}

/**
 * Where a fetch resumes after `@requires` or behind an `@interfaceObject`, the planner takes the first key of the type without
 * asking whether it is resolvable (`getLocallySatisfiableKey` in @apollo/query-graphs), and so calls `_entities` with a key that
 * the subgraph has declared it does not resolve. Without such a key it finds some plans no longer, hence `keys`.
 */
function dropUnresolvableKeys(document: DocumentNode): DocumentNode {
  return mapComposites(document, (type) => {
    const directives = type.directives ?? [];
    const kept = directives.filter((directive) => !isUnresolvableKey(directive));
    // A type stays part of a subgraph that has no other key for it.
    const orphans = directives.filter(
      (directive) =>
        isUnresolvableKey(directive) &&
        !kept.some((other) => isJoinOf(other, argumentOf(directive, 'graph'))),
    );
    const graphs = new Map(orphans.map((directive) => [argumentOf(directive, 'graph'), directive]));
    return { ...type, directives: [...kept, ...[...graphs.values()].map(withoutKey)] };
  });
}

/** Whether some key of a type has `resolvable: false`. */
export function hasUnresolvableKeys(document: DocumentNode): boolean {
  return document.definitions.some(
    (node) => isCompositeDefinition(node) && node.directives?.some(isUnresolvableKey) === true,
  );
}

function isUnresolvableKey(directive: ConstDirectiveNode): boolean {
  return directive.name.value === 'join__type' && hasFlag(directive, 'resolvable', false);
}

function isJoinOf(directive: ConstDirectiveNode, graph: string | undefined): boolean {
  return directive.name.value === 'join__type' && argumentOf(directive, 'graph') === graph;
}

function withoutKey(directive: ConstDirectiveNode): ConstDirectiveNode {
  const dropped = new Set(['key', 'resolvable']);
  return {
    ...directive,
    arguments: (directive.arguments ?? []).filter(({ name }) => !dropped.has(name.value)),
  };
}

function reservedNames(document: DocumentNode): ReadonlySet<string> {
  const names = new Set<string>();
  const read = (fieldSet: string | undefined) => {
    if (fieldSet === undefined) return;
    for (const name of fieldNamesIn(parseFieldSet(fieldSet))) names.add(name);
  };
  for (const type of document.definitions.filter(isCompositeDefinition)) {
    for (const directive of type.directives ?? []) read(argumentOf(directive, 'key'));
    for (const { join } of joinFields(type)) read(argumentOf(join, 'requires'));
  }
  return names;
}

function interfaceObjectsIn(document: DocumentNode): PreparedSupergraph['interfaceObjects'] {
  const services = serviceNames(document);
  const found = new Map<string, Set<string>>();
  for (const { name, directives = [] } of document.definitions.filter(isCompositeDefinition)) {
    for (const directive of directives.filter((join) => hasFlag(join, 'isInterfaceObject', true))) {
      const graph = argumentOf(directive, 'graph') ?? '';
      found.set(name.value, (found.get(name.value) ?? new Set()).add(services.get(graph) ?? graph));
    }
  }
  return found;
}

function interfaceObjectFieldsIn(document: DocumentNode): PreparedSupergraph['interfaceObjectFields'] {
  const found = new Map<string, ReadonlySet<string>>();
  for (const type of document.definitions.filter(isCompositeDefinition)) {
    const graphs = (type.directives ?? [])
      .filter((join) => hasFlag(join, 'isInterfaceObject', true))
      .map((join) => argumentOf(join, 'graph'));
    if (graphs.length === 0) continue;
    const own = (type.fields ?? []).filter((field) => isDeliveredBy(graphs, field));
    found.set(type.name.value, new Set(own.map(({ name }) => name.value)));
  }
  return found;
}

/** Whether one of the graphs delivers the field; without `@join__field` all graphs of its type do. */
function isDeliveredBy(
  graphs: readonly (string | undefined)[],
  { directives = [] }: FieldDefinitionNode,
): boolean {
  const joins = directives.filter(({ name }) => name.value === 'join__field');
  return (
    joins.length === 0 ||
    joins.some(
      (join) =>
        graphs.includes(argumentOf(join, 'graph')) &&
        !hasFlag(join, 'external', true) &&
        argumentOf(join, 'requires') === undefined,
    )
  );
}
