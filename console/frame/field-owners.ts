import { Kind, parse } from 'graphql';
import type { DirectiveNode, DocumentNode } from 'graphql';

/** Names of the subgraphs that can deliver each field, by coordinate `Type.field`. */
export type FieldOwners = ReadonlyMap<string, readonly string[]>;

/** Reads the owners of all fields from a supergraph, by its `@join__field` and `@join__type` directives. */
export function fieldOwners(supergraph: string): FieldOwners {
  const document = parse(supergraph, { noLocation: true });
  const names = subgraphNames(document);
  const owners = new Map<string, readonly string[]>();
  for (const type of document.definitions) {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION && type.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    const all = graphsOf(type.directives, 'join__type', names);
    for (const field of type.fields ?? []) {
      const joins = field.directives?.filter(({ name }) => name.value === 'join__field') ?? [];
      const own = joins.filter((join) => !isTrue(join, 'external'));
      const found = graphsOf(own, 'join__field', names);
      owners.set(`${type.name.value}.${field.name.value}`, joins.length === 0 ? all : found);
    }
  }
  return owners;
}

/** Names of subgraphs by their values in the enum `join__Graph`. */
function subgraphNames(document: DocumentNode): ReadonlyMap<string, string> {
  const graphs = document.definitions.find(
    (node) => node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph',
  );
  const values = graphs?.kind === Kind.ENUM_TYPE_DEFINITION ? (graphs.values ?? []) : [];
  return new Map(
    values.map(({ name, directives }) => {
      const [join] = directives ?? [];
      return [name.value, (join && textOf(join, 'name')) ?? name.value.toLowerCase()];
    }),
  );
}

function graphsOf(
  directives: readonly DirectiveNode[] | undefined,
  directive: string,
  names: ReadonlyMap<string, string>,
): readonly string[] {
  const graphs = (directives ?? [])
    .filter(({ name }) => name.value === directive)
    .flatMap((node) => textOf(node, 'graph') ?? []);
  return [...new Set(graphs.map((graph) => names.get(graph) ?? graph))];
}

function textOf(directive: DirectiveNode, argument: string): string | undefined {
  const value = directive.arguments?.find(({ name }) => name.value === argument)?.value;
  return value?.kind === Kind.ENUM || value?.kind === Kind.STRING ? value.value : undefined;
}

function isTrue(directive: DirectiveNode, argument: string): boolean {
  const value = directive.arguments?.find(({ name }) => name.value === argument)?.value;
  return value?.kind === Kind.BOOLEAN && value.value;
}
