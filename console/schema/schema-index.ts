import { Kind } from 'graphql';
import type { ConstDirectiveNode, DefinitionNode, DocumentNode, TypeDefinitionNode } from 'graphql';
import { directiveNames } from './directive-names.ts';
import { subgraphNames } from './owners.ts';
import { indexType } from './index-type.ts';
import type { IndexedType, SchemaIndex } from './schema-model.ts';

type TypeDefinition = TypeDefinitionNode & { readonly directives?: readonly ConstDirectiveNode[] };

/** Indexes a schema document. Types of federation's own specifications are left out. */
export function createSchemaIndex(document: DocumentNode): SchemaIndex {
  const names = directiveNames(document);
  const graphs = subgraphNames(document);
  const types = document.definitions
    .filter(isTypeDefinition)
    .filter(({ name }) => !isInternal(name.value))
    .map((definition) => indexType(definition, { names, graphs }));
  const byName = types.toSorted((one, other) => one.name.localeCompare(other.name, 'en'));
  return {
    types: new Map(byName.map((type) => [type.name, type])),
    subgraphs: [...new Set(graphs.values())].toSorted(),
    roots: rootsOf(document),
    usedBy: usesOf(byName),
  };
}

/** Whether a subgraph, a specification or a supergraph has the type for itself. */
function isInternal(name: string): boolean {
  return name.includes('__') || /^(?:core|_Any|_Entity|_Service)$/.test(name);
}

function isTypeDefinition(node: DefinitionNode): node is TypeDefinition {
  return TYPE_KINDS.has(node.kind);
}

const TYPE_KINDS: ReadonlySet<string> = new Set([
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.UNION_TYPE_DEFINITION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.INPUT_OBJECT_TYPE_DEFINITION,
  Kind.SCALAR_TYPE_DEFINITION,
]);

function rootsOf(document: DocumentNode): SchemaIndex['roots'] {
  const roots = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' };
  for (const definition of document.definitions)
    if (definition.kind === Kind.SCHEMA_DEFINITION)
      for (const { operation, type } of definition.operationTypes) roots[operation] = type.name.value;
  return roots;
}

function usesOf(types: readonly IndexedType[]): ReadonlyMap<string, readonly string[]> {
  const uses = new Map<string, string[]>();
  const add = (type: string | null, coordinate: string) => {
    if (type === null) return;
    const list = uses.get(type);
    if (list === undefined) uses.set(type, [coordinate]);
    else list.push(coordinate);
  };
  for (const type of types) {
    for (const member of type.members) {
      add(member.namedType, member.coordinate);
      for (const argument of member.args) add(argument.namedType, argument.coordinate);
    }
    for (const one of [...type.interfaces, ...type.types]) add(one, type.name);
  }
  return uses;
}
