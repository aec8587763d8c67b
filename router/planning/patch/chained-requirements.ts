import { Kind, getNamedType, isCompositeType, isInterfaceType, isObjectType, parse } from 'graphql';
import type { FieldNode, GraphQLCompositeType, InlineFragmentNode, SelectionSetNode } from 'graphql';
import type { FetchNode, QueryPlan, QueryPlanSelectionNode } from '@apollo/query-planner';
import type { PreparedSupergraph } from '../prepare/prepare-supergraph.ts';
import { coordinate } from '../prepare/supergraph-document.ts';
import { withCarefulMerging, withoutMergeCycles } from './careful-merging.ts';
import { fetchesOf } from './fetches-of.ts';

type Prepared = Pick<PreparedSupergraph, 'required' | 'schema'>;

/**
 * Plans an operation. If a fetch of the plan selects a field without the values that the field's `@requires`
 * reads, the operation is planned again without merging fetches. Apollo's planner makes this error if a chain
 * of requirements returns to a subgraph. For example, a fetch to `a` returns a product, a field in `b`
 * requires the product's `price` from `a`, and `price` requires the product's `cost` from `c`. The planner
 * then moves `price` into the first fetch to `a`, which runs before the fetch to `c`. If `b` resolves `cost`
 * instead of `c`, the planner moves `cost` into the first fetch, too, although `cost` is external in `a`.
 *
 * @param build plans the operation with Apollo's planner.
 */
export function withChainedRequirements(build: () => QueryPlan, prepared: Prepared): QueryPlan {
  if (prepared.required.requirements.size === 0) return build();
  const withoutCycles = () => withoutMergeCycles(build);
  const plan = withoutCycles();
  if (!hasUnmetRequirement(plan, prepared)) return plan;
  const other = withCarefulMerging(withoutCycles);
  if (!hasUnmetRequirement(other, prepared)) return other;
  throw new Error('a field would be requested before the fields that its @requires names');
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
    return isCompositeType(root) && walk(operation.selectionSet, { type: root, given: NONE, provided: NONE });
  }
  const [entities] = operation.selectionSet.selections;
  if (entities?.kind !== Kind.FIELD || entities.selectionSet === undefined) return false;
  const given = new Set(fetch.requires.flatMap(topLevelNames));
  return walk(entities.selectionSet, { type: undefined, given, provided: NONE });
}

/** Returns the names of the values in a representation, without those of nested objects. */
function topLevelNames(node: QueryPlanSelectionNode): readonly string[] {
  return node.kind === 'Field' ? [node.name] : node.selections.flatMap(topLevelNames);
}

type Place = {
  readonly type: GraphQLCompositeType | undefined;
  /** Values that the field may read: those of the representation, and those selected beside the field. */
  readonly given: ReadonlySet<string>;
  /** External fields that a field above the selection set provides. */
  readonly provided: ReadonlySet<string>;
};

/** Returns whether a selection set contains a field whose required values are not given. */
type Walk = (selectionSet: SelectionSetNode, place: Place) => boolean;

const NONE: ReadonlySet<string> = new Set();

function createWalk(service: string, { required, schema }: Prepared): Walk {
  const conditionOf = ({ typeCondition }: InlineFragmentNode): GraphQLCompositeType | undefined => {
    const type = typeCondition && schema.getType(typeCondition.name.value);
    return isCompositeType(type) ? type : undefined;
  };
  // A subgraph does not resolve an external field, unless a field above provides it.
  const resolved = ({ selections }: SelectionSetNode, { type, provided, ...place }: Place): string[] =>
    selections.flatMap((selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const inner = { ...place, type: conditionOf(selection) ?? type, provided };
        return resolved(selection.selectionSet, inner);
      }
      const name = selection.name.value;
      const isExternal = type && required.externals.has(coordinate(service, type.name, name));
      return isExternal === true && !provided.has(name) ? [] : [name];
    });
  const isUnmet = (field: FieldNode, type: GraphQLCompositeType, { given, provided }: Place): boolean => {
    const here = coordinate(service, type.name, field.name.value);
    const requirement = required.requirements.get(here);
    if (requirement !== undefined && !namesIn(requirement).isSubsetOf(given)) return true;
    if (field.selectionSet === undefined || !(isObjectType(type) || isInterfaceType(type))) return false;
    const name = required.fields.get(field.name.value)?.field ?? field.name.value;
    const inner = getNamedType(type.getFields()[name]?.type);
    if (!isCompositeType(inner)) return false;
    const below = provided.union(required.provided.get(here) ?? NONE);
    return walk(field.selectionSet, { type: inner, given: NONE, provided: below });
  };
  const walk: Walk = (selectionSet, outer) => {
    const place = { ...outer, given: outer.given.union(new Set(resolved(selectionSet, outer))) };
    return selectionSet.selections.some((selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return false;
      if (selection.kind === Kind.FIELD)
        return place.type !== undefined && isUnmet(selection, place.type, place);
      return walk(selection.selectionSet, { ...place, type: conditionOf(selection) ?? place.type });
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
