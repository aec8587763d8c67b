import { SelectionSet } from '@apollo/federation-internals';
import { Kind, getNamedType, isCompositeType, isInterfaceType, isObjectType, parse } from 'graphql';
import type { FieldNode, GraphQLCompositeType, SelectionSetNode } from 'graphql';
import type { FetchNode, QueryPlan, QueryPlanSelectionNode } from '@apollo/query-planner';
import type { PreparedSupergraph } from '../prepare/prepare-supergraph.ts';
import { coordinate } from '../prepare/required-arguments.ts';
import { fetchesOf } from './fetches-of.ts';

type Prepared = Pick<PreparedSupergraph, 'required' | 'schema'>;

/**
 * Plans an operation, and plans it in another way if the plan selects a field without the values that the
 * field's `@requires` reads. Apollo's planner does so for a chain of requirements that returns to a subgraph.
 * For example, a fetch to `a` returns an entity, `b` requires its `price` from `a`, and `price` requires its
 * `cost` from `c`: the planner moves `price` into the first fetch to `a`, before the fetch to `c`.
 *
 * @param build plans the operation with Apollo's planner.
 */
export function withChainedRequirements(build: () => QueryPlan, prepared: Prepared): QueryPlan {
  const plan = build();
  if (prepared.required.requirements.size === 0 || !hasUnmetRequirement(plan, prepared)) return plan;
  const other = withoutMergingIntoParents(build);
  return other === undefined || hasUnmetRequirement(other, prepared) ? plan : other;
}

/**
 * Runs Apollo's planner such that it keeps the fetches for a requirement separate from the fetch before them.
 * It has no option for that: it merges them if `canRebaseOn` returns true, which it also asserts in other
 * places. Returns undefined if such an assertion fails.
 */
function withoutMergingIntoParents(build: () => QueryPlan): QueryPlan | undefined {
  const original: unknown = Reflect.get(SelectionSet.prototype, 'canRebaseOn');
  SelectionSet.prototype.canRebaseOn = () => false;
  try {
    return build();
  } catch {
    return undefined;
  } finally {
    Reflect.set(SelectionSet.prototype, 'canRebaseOn', original);
  }
}

function hasUnmetRequirement(plan: QueryPlan, prepared: Prepared): boolean {
  return fetchesOf(plan).some((fetch) => isUnmetInFetch(fetch, prepared));
}

function isUnmetInFetch(fetch: FetchNode, prepared: Prepared): boolean {
  const [operation] = parse(fetch.operation, { noLocation: true }).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return false;
  const walk = createWalk(fetch.serviceName, prepared);
  if (fetch.requires === undefined) {
    const root = prepared.schema.getRootType(operation.operation);
    return isCompositeType(root) && walk(operation.selectionSet, root, new Set());
  }
  const [entities] = operation.selectionSet.selections;
  if (entities?.kind !== Kind.FIELD || entities.selectionSet === undefined) return false;
  return walk(entities.selectionSet, undefined, new Set(fetch.requires.flatMap(topLevelNames)));
}

/** Returns the names of the values in a representation, without those of nested objects. */
function topLevelNames(node: QueryPlanSelectionNode): readonly string[] {
  return node.kind === 'Field' ? [node.name] : node.selections.flatMap(topLevelNames);
}

/**
 * Returns whether a selection set contains a field whose required values are neither `given` by the
 * representation nor selected beside the field.
 */
type Walk = (
  selectionSet: SelectionSetNode,
  type: GraphQLCompositeType | undefined,
  given: ReadonlySet<string>,
) => boolean;

function createWalk(service: string, { required, schema }: Prepared): Walk {
  const isUnmet = (field: FieldNode, type: GraphQLCompositeType, given: ReadonlySet<string>): boolean => {
    const requirement = required.requirements.get(coordinate(service, type.name, field.name.value));
    if (requirement !== undefined && !namesIn(requirement).isSubsetOf(given)) return true;
    if (field.selectionSet === undefined || !(isObjectType(type) || isInterfaceType(type))) return false;
    const name = required.fields.get(field.name.value)?.field ?? field.name.value;
    const inner = getNamedType(type.getFields()[name]?.type);
    return isCompositeType(inner) && walk(field.selectionSet, inner, new Set());
  };
  const walk: Walk = (selectionSet, type, outer) => {
    const given = outer.union(namesIn(selectionSet));
    return selectionSet.selections.some((selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return false;
      if (selection.kind === Kind.FIELD) return type !== undefined && isUnmet(selection, type, given);
      const condition = selection.typeCondition && schema.getType(selection.typeCondition.name.value);
      return walk(selection.selectionSet, isCompositeType(condition) ? condition : type, given);
    });
  };
  return walk;
}

/** Returns the names of the fields in a selection set and its fragments, without those of nested objects. */
function namesIn({ selections }: SelectionSetNode): ReadonlySet<string> {
  return new Set(
    selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection.name.value];
      return selection.kind === Kind.INLINE_FRAGMENT ? [...namesIn(selection.selectionSet)] : [];
    }),
  );
}
