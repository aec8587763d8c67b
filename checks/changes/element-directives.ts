import { Kind } from 'graphql';
import type { ASTNode, ConstDirectiveNode, DocumentNode, InputValueDefinitionNode } from 'graphql';

/** Directives of the elements of a schema, by coordinate. Elements without directives have an empty list. */
export type ElementDirectives = ReadonlyMap<string, readonly ConstDirectiveNode[]>;

/** Reads the directives of all types, fields, arguments and enum values of a document. */
export function elementDirectives(document: DocumentNode): ElementDirectives {
  const elements = new Map<string, readonly ConstDirectiveNode[]>();
  const add = (coordinate: string, node: ASTNode) =>
    void elements.set(coordinate, [...(elements.get(coordinate) ?? []), ...directivesOf(node)]);
  const addArguments = (coordinate: string, nodes: readonly InputValueDefinitionNode[] = []) => {
    for (const node of nodes) add(`${coordinate}(${node.name.value}:)`, node);
  };
  for (const node of document.definitions) {
    if (!('name' in node) || node.name === undefined || !node.kind.endsWith('TypeDefinition')) continue;
    const type = node.name.value;
    add(type, node);
    const members = 'fields' in node ? node.fields : 'values' in node ? node.values : [];
    for (const member of members ?? []) {
      const coordinate = `${type}.${member.name.value}`;
      add(coordinate, member);
      if (member.kind === Kind.FIELD_DEFINITION) addArguments(coordinate, member.arguments);
    }
  }
  return elements;
}

function directivesOf(node: ASTNode): readonly ConstDirectiveNode[] {
  return 'directives' in node ? ((node.directives ?? []) as readonly ConstDirectiveNode[]) : [];
}
