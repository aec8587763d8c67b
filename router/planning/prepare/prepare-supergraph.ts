import { buildASTSchema, isInterfaceType } from 'graphql';
import type { ConstDirectiveNode, DocumentNode, FieldDefinitionNode, GraphQLSchema } from 'graphql';
import { extractRequiredArguments } from './required-arguments.ts';
import type { RequiredArguments } from './required-arguments.ts';
import {
  argumentOf,
  contextSelections,
  fieldNamesIn,
  hasFlag,
  isCompositeDefinition,
  joinFields,
  mapComposites,
  parseFieldSet,
  serviceNames,
} from './supergraph-document.ts';

/**
 * A supergraph that was changed so that Apollo's planner plans it correctly, and the data needed to reverse
 * the changes in its plans.
 */
export type PreparedSupergraph = {
  readonly document: DocumentNode;
  /** Schema of the whole supergraph, including the join directives. */
  readonly schema: GraphQLSchema;
  /**
   * Names of all fields in keys and in `@requires`. An alias in a client's operation must not equal one of
   * them, because the planner would take the value of the alias for that of the field.
   */
  readonly reserved: ReadonlySet<string>;
  /** Names of the fields that arguments with `@fromContext` read. They are also in `reserved`. */
  readonly contexts: ReadonlySet<string>;
  /**
   * Interfaces that some subgraph defines as an `@interfaceObject`, each with the names of these subgraphs.
   */
  readonly interfaceObjects: ReadonlyMap<string, ReadonlySet<string>>;
  /**
   * Fields that a subgraph with an `@interfaceObject` resolves without `@requires`. The key is the name of
   * the interface.
   */
  readonly interfaceObjectFields: ReadonlyMap<string, ReadonlySet<string>>;
  /**
   * Names of all fields of the interfaces that some subgraph defines as an `@interfaceObject`. The planner
   * merges fields of such an interface if their names are equal, even if their arguments differ.
   */
  readonly shared: ReadonlySet<string>;
  readonly required: RequiredArguments;
  /** Which keys the prepared supergraph contains: all, or only those without `resolvable: false`. */
  readonly keys: 'all' | 'resolvable';
};

/**
 * Prepares a supergraph for the planner.
 *
 * @param parsed document without locations.
 * @param keys `resolvable` removes keys with `resolvable: false`, and `all` keeps them.
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
  const contexts = contextNames(document);
  return {
    document,
    schema,
    reserved: new Set([...reservedNames(document), ...contexts]),
    contexts,
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
 * Removes keys with `resolvable: false`. After `@requires` or behind an `@interfaceObject`, the planner takes
 * the first key of the type (`getLocallySatisfiableKey` in @apollo/query-graphs). It would then call
 * `_entities` with a key that the subgraph does not resolve.
 */
function dropUnresolvableKeys(document: DocumentNode): DocumentNode {
  return mapComposites(document, (type) => {
    const directives = type.directives ?? [];
    const kept = directives.filter((directive) => !isUnresolvableKey(directive));
    // If all keys of a type in a subgraph are removed, one `@join__type` without a key remains, because the
    // subgraph still has the type.
    const orphans = directives.filter(
      (directive) =>
        isUnresolvableKey(directive) &&
        !kept.some((other) => isJoinOf(other, argumentOf(directive, 'graph'))),
    );
    const graphs = new Map(orphans.map((directive) => [argumentOf(directive, 'graph'), directive]));
    return { ...type, directives: [...kept, ...[...graphs.values()].map(withoutKey)] };
  });
}

/** Returns whether any key of the supergraph has `resolvable: false`. */
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

function contextNames(document: DocumentNode): ReadonlySet<string> {
  const names = new Set<string>();
  for (const type of document.definitions.filter(isCompositeDefinition)) {
    for (const { join } of joinFields(type)) {
      for (const selection of contextSelections(join)) {
        for (const name of fieldNamesIn(selection)) names.add(name);
      }
    }
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

/**
 * Returns whether one of the given subgraphs (`join__Graph` values) resolves a field without requiring other
 * fields. A field without `@join__field` is resolved by all subgraphs that have its type.
 */
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
