import { isAbstractType, isObjectType } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import type { QueryPlanInlineFragmentNode, QueryPlanSelectionNode } from '@apollo/query-planner';

/**
 * Replaces each selection without a key field on an interface by one selection for each object type of the
 * interface for which `requires` has a key: `... on Book { id } ... on Media { title }` becomes
 * `... on Book { id } ... on Book { title }`. The representations of the other types of `Media` would have no
 * key, so the subgraph could not resolve them.
 *
 * @param keys paths of the key fields in the subgraph that receives the representations.
 */
export function keyedRequires(
  requires: readonly QueryPlanSelectionNode[],
  keys: ReadonlySet<string>,
  schema: GraphQLSchema,
): QueryPlanSelectionNode[] {
  const keyed = requires.filter((node): node is QueryPlanInlineFragmentNode => hasKey(node, keys));
  return requires.flatMap((node) => {
    if (node.kind !== 'InlineFragment' || hasKey(node, keys)) return [node];
    const narrower = keyed.filter(({ typeCondition }) =>
      isNarrower(typeCondition, node.typeCondition, schema),
    );
    const isCovered = keyed.some(({ typeCondition }) => typeCondition === node.typeCondition);
    if (isCovered || narrower.length === 0) return [node];
    return [...new Set(narrower.map(({ typeCondition }) => typeCondition))].map((typeCondition) => ({
      ...node,
      ...(typeCondition !== undefined && { typeCondition }),
    }));
  });
}

function hasKey(node: QueryPlanSelectionNode, keys: ReadonlySet<string>): boolean {
  return (
    node.kind === 'InlineFragment' &&
    node.selections.some((selection) =>
      selection.kind === 'Field' ? keys.has(`.${selection.name}`) : hasKey(selection, keys),
    )
  );
}

function isNarrower(condition: string | undefined, than: string | undefined, schema: GraphQLSchema): boolean {
  const type = schema.getType(condition ?? '');
  const wider = schema.getType(than ?? '');
  return isObjectType(type) && isAbstractType(wider) && schema.isSubType(wider, type);
}
