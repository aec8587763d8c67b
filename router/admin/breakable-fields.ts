import { isEnumType, isInterfaceType, isObjectType } from 'graphql';
import type { ConstDirectiveNode, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { constantArguments } from '../shared/graphql/constant-arguments.ts';

type FieldedType = GraphQLObjectType | GraphQLInterfaceType;
type AnnotatedNode = { readonly directives?: readonly ConstDirectiveNode[] | undefined };

/**
 * Returns the fields of a subgraph, as `Type.field`, that can have a circuit breaker of their own: root
 * fields, and fields of entities and interfaces.
 */
export function breakableFields(supergraphSchema: GraphQLSchema, subgraph: string): readonly string[] {
  const graph = graphOf(supergraphSchema, subgraph);
  if (graph === undefined) return [];
  const roots: ReadonlySet<unknown> = new Set([
    supergraphSchema.getQueryType(),
    supergraphSchema.getMutationType(),
  ]);
  return Object.values(supergraphSchema.getTypeMap()).flatMap((type) => {
    if (!isObjectType(type) && !isInterfaceType(type)) return [];
    const joins = argumentsOf(type.astNode, 'join__type').filter((join) => join['graph'] === graph);
    const isAskedFor = roots.has(type) || isInterfaceType(type) || joins.some(({ key }) => key !== undefined);
    return joins.length > 0 && isAskedFor ? fieldsIn(type, graph) : [];
  });
}

function graphOf(schema: GraphQLSchema, subgraph: string): string | undefined {
  const graphs = schema.getType('join__Graph');
  if (!isEnumType(graphs)) return undefined;
  return graphs
    .getValues()
    .find(({ astNode }) => argumentsOf(astNode, 'join__graph').some(({ name }) => name === subgraph))?.name;
}

/**
 * Returns the fields of a type that a subgraph resolves. A field without `@join__field` is resolved by every
 * subgraph that has the type.
 */
function fieldsIn(type: FieldedType, graph: string): readonly string[] {
  return Object.values(type.getFields()).flatMap(({ name, astNode }) => {
    const joins = argumentsOf(astNode, 'join__field');
    const isResolved = joins.some((join) => join['graph'] === graph && join['external'] !== true);
    return joins.length === 0 || isResolved ? [`${type.name}.${name}`] : [];
  });
}

function argumentsOf(
  node: AnnotatedNode | null | undefined,
  directive: string,
): readonly Readonly<Record<string, unknown>>[] {
  const applied = node?.directives?.filter(({ name }) => name.value === directive) ?? [];
  return applied.map(constantArguments);
}
