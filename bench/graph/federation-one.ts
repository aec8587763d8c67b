import { Kind, parse, print, visit } from 'graphql';
import type { DefinitionNode, ObjectTypeDefinitionNode } from 'graphql';
import type { Subgraph } from './subgraphs.ts';

const KNOWN_DIRECTIVES = new Set(['key', 'external', 'requires', 'provides', 'deprecated']);
/** Owner of each entity: in Federation 1 all other subgraphs extend its type. */
const OWNERS: Readonly<Record<string, Subgraph>> = {
  Order: 'order',
  Product: 'product',
  User: 'user',
  Shipment: 'shipping',
};

/**
 * Translates a schema to Federation 1: no `@link`, no `@shareable`, and all but the owner extend an entity.
 */
export function toFederationOne(subgraph: Subgraph, sdl: string): string {
  const document = visit(parse(sdl), {
    SchemaExtension: () => null,
    Directive: ({ name }) => (KNOWN_DIRECTIVES.has(name.value) ? undefined : null),
    // `@key(resolvable: false)` is new in Federation 2, too.
    Argument: ({ name }) => (name.value === 'resolvable' ? null : undefined),
  });
  return print({
    ...document,
    definitions: document.definitions.map((definition) => asExtension(subgraph, definition)),
  });
}

function asExtension(subgraph: Subgraph, definition: DefinitionNode): DefinitionNode {
  if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) return definition;
  const { name, description: _, ...rest } = definition;
  const isRoot = name.value === 'Query' || name.value === 'Mutation';
  const owner = OWNERS[name.value];
  if (!isRoot && (owner === undefined || owner === subgraph)) return definition;
  return { ...rest, name, kind: Kind.OBJECT_TYPE_EXTENSION, fields: fieldsOf(definition, isRoot) };
}

function fieldsOf({ fields = [] }: ObjectTypeDefinitionNode, isRoot: boolean) {
  if (isRoot) return fields;
  return fields.map((field) =>
    field.name.value === 'id' && !field.directives?.some(({ name }) => name.value === 'external')
      ? {
          ...field,
          directives: [
            { kind: Kind.DIRECTIVE as const, name: { kind: Kind.NAME as const, value: 'external' } },
          ],
        }
      : field,
  );
}
