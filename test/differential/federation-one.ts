import { Kind, parse, print, visit } from 'graphql';
import type { DefinitionNode, DirectiveNode, ObjectTypeDefinitionNode } from 'graphql';
import { fieldNamesIn, parseFieldSet } from '../../router/planning/prepare/supergraph-document.ts';

const KNOWN_DIRECTIVES = new Set(['key', 'external', 'requires', 'provides', 'deprecated']);

const MARKER = '# Federation 1\n';

/** Returns whether a schema is served without `@link`, as in Federation 1. */
export function isFederationOne(sdl: string): boolean {
  return sdl.startsWith(MARKER);
}

/**
 * Translates a schema to Federation 1: without `@link` and the directives of Federation 2.
 *
 * @param extended entities that another subgraph defines and this one extends
 */
export function toFederationOne(sdl: string, extended: ReadonlySet<string>): string {
  const document = visit(parse(sdl), {
    SchemaExtension: () => null,
    DirectiveDefinition: () => null,
    Directive: ({ name }) => (KNOWN_DIRECTIVES.has(name.value) ? undefined : null),
    // `@key(resolvable: false)` is new in Federation 2, too.
    Argument: ({ name }) => (name.value === 'resolvable' ? null : undefined),
  });
  const definitions = document.definitions.map((node) =>
    node.kind === Kind.OBJECT_TYPE_DEFINITION && extended.has(node.name.value) ? asExtension(node) : node,
  );
  return MARKER + print({ ...document, definitions });
}

function asExtension(type: ObjectTypeDefinitionNode): DefinitionNode {
  const { description: _, fields = [], ...rest } = type;
  const keys = new Set((type.directives ?? []).flatMap(keyFields));
  return {
    ...rest,
    kind: Kind.OBJECT_TYPE_EXTENSION,
    fields: fields.map((field) =>
      keys.has(field.name.value) ? { ...field, directives: [EXTERNAL] } : field,
    ),
  };
}

const EXTERNAL = { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: 'external' } } as const;

function keyFields({ name, arguments: given = [] }: DirectiveNode): readonly string[] {
  const [fields] = given;
  if (name.value !== 'key' || fields?.value.kind !== Kind.STRING) return [];
  return fieldNamesIn(parseFieldSet(fields.value.value));
}
