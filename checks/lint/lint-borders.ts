import { Kind, parseType } from 'graphql';
import type { DocumentNode, FieldDefinitionNode, TypeNode } from 'graphql';
import {
  argumentOf,
  hasFlag,
  isCompositeDefinition,
  parseFieldSet,
  fieldNamesIn,
  serviceNames,
} from '../../router/planning/prepare/supergraph-document.ts';
import type { CompositeDefinition } from '../../router/planning/prepare/supergraph-document.ts';
import type { RuleFinding } from './lint-rules.ts';

/** A field as one subgraph declares and resolves it. */
type Resolved = { readonly subgraph: string; readonly type: TypeNode };

/** Returns what the rules find that compare the subgraphs of a supergraph with each other. */
export function lintBorders(supergraph: DocumentNode): readonly RuleFinding[] {
  const names = serviceNames(supergraph);
  return supergraph.definitions.filter(isCompositeDefinition).flatMap((type) => {
    const joins = (type.directives ?? []).filter(({ name }) => name.value === 'join__type');
    const graphs = new Set(joins.map((join) => argumentOf(join, 'graph') ?? ''));
    const subgraphs = new Map([...graphs].map((graph) => [graph, names.get(graph) ?? graph]));
    return (type.fields ?? []).flatMap((field) => {
      const resolved = resolvedBy(field, subgraphs);
      const coordinate = `${type.name.value}.${field.name.value}`;
      return [...differing(coordinate, resolved), ...nonNull(type, coordinate, { resolved, subgraphs })];
    });
  });
}

/** Returns the subgraphs that resolve a field. A field without `@join__field` is resolved by all of them. */
function resolvedBy(
  { type, directives = [] }: FieldDefinitionNode,
  subgraphs: ReadonlyMap<string, string>,
): readonly Resolved[] {
  const joins = directives.filter(({ name }) => name.value === 'join__field');
  if (joins.length === 0) return [...subgraphs.values()].map((subgraph) => ({ subgraph, type }));
  return joins.flatMap((join) => {
    const subgraph = subgraphs.get(argumentOf(join, 'graph') ?? '');
    const isResolved = !hasFlag(join, 'external', true) && !hasFlag(join, 'usedOverridden', true);
    if (subgraph === undefined || !isResolved) return [];
    const own = argumentOf(join, 'type');
    return [{ subgraph, type: own === undefined ? type : parseType(own, { noLocation: true }) }];
  });
}

function differing(coordinate: string, resolved: readonly Resolved[]): readonly RuleFinding[] {
  const strict = resolved.filter(({ type }) => isNonNull(type)).map(({ subgraph }) => subgraph);
  const nullable = resolved.filter(({ type }) => !isNonNull(type)).map(({ subgraph }) => subgraph);
  if (strict.length === 0 || nullable.length === 0) return [];
  const message = `${coordinate} is non-null in ${strict.join(', ')} and nullable in ${nullable.join(', ')}.`;
  return strict.map((subgraph) => ({ rule: 'NULLABILITY_DIFFERS', coordinate, message, subgraph }));
}

/**
 * Finds non-null fields of entities that only some of the entity's subgraphs resolve. Objects from the others
 * need another call for the field.
 */
function nonNull(
  type: CompositeDefinition,
  coordinate: string,
  {
    resolved,
    subgraphs,
  }: { readonly resolved: readonly Resolved[]; readonly subgraphs: ReadonlyMap<string, string> },
): readonly RuleFinding[] {
  const keys = (type.directives ?? []).flatMap((directive) => argumentOf(directive, 'key') ?? []);
  const name = coordinate.slice(type.name.value.length + 1);
  if (keys.length === 0 || keys.some((key) => fieldNamesIn(parseFieldSet(key)).includes(name))) return [];
  const others = [...subgraphs.values()].filter(
    (subgraph) => !resolved.some((each) => each.subgraph === subgraph),
  );
  if (others.length === 0) return [];
  return resolved
    .filter((each) => isNonNull(each.type))
    .map(({ subgraph }) => ({
      rule: 'NON_NULL_ACROSS_SUBGRAPHS',
      coordinate,
      message: `${coordinate} is non-null; if a call to ${subgraph} fails, each ${type.name.value} from ${others.join(', ')} is null.`,
      subgraph,
    }));
}

function isNonNull(type: TypeNode): boolean {
  return type.kind === Kind.NON_NULL_TYPE;
}
