import {
  getNamedType,
  getOperationAST,
  isAbstractType,
  isObjectType,
  Kind,
  OperationTypeNode,
} from 'graphql';
import type { DocumentNode, GraphQLNamedType, SelectionSetNode } from 'graphql';
import { MUTATION_COST } from '../../../router/cost/cost.ts';
import { compileArguments } from '../../../router/cost/cost-arguments.ts';
import type { CostModel, Variables } from '../../../router/cost/cost-model.ts';
import { compileTotal } from '../../../router/cost/operation-total.ts';

/** Points of all selections of one field in an operation. */
export type FieldCostRow = {
  /** `Type.field`, or `mutation` for the base cost of a mutation. */
  readonly coordinate: string;
  readonly weight: number;
  /** Number of objects or values that the estimate counts. */
  readonly estimatedCount: number;
  readonly estimated: number;
  /** Number of objects or values in the response; undefined without data. */
  readonly actualCount: number | undefined;
  readonly actual: number | undefined;
};

type Operation = {
  readonly document: DocumentNode;
  readonly name: string | undefined;
  readonly variables: Variables;
  readonly data: unknown;
};

/**
 * Splits the cost of an operation by field, with the router's own arithmetic: the total is computed once for
 * each field with the weights of all others set to zero. Fields that cost nothing are left out.
 */
export function fieldCosts(model: CostModel, operation: Operation): readonly FieldCostRow[] {
  const { document, name, variables, data } = operation;
  const total = (weights: Parameters<typeof compileTotal>[1]) =>
    compileTotal(model, weights, { document, name }).evaluate(variables);
  const fields = new Map<string, number>();
  total({
    item: ({ coordinate, weight }) => (fields.set(coordinate, weight), weight),
    call: () => undefined,
    unknown: 0,
  });
  const counts = countObjects(model, operation);
  const rows = [...fields].map(([coordinate, weight]): FieldCostRow => {
    const inArguments = total({
      item: () => 0,
      call: (field, node) =>
        field.coordinate === coordinate ? compileArguments(model, field.definition, node) : undefined,
      unknown: 0,
    });
    const estimatedCount = total({
      item: (field) => (field.coordinate === coordinate ? 1 : 0),
      call: () => undefined,
      unknown: 0,
    });
    const actualCount = data === undefined ? undefined : (counts.get(coordinate) ?? 0);
    return {
      coordinate,
      weight,
      estimatedCount,
      estimated: estimatedCount * weight + inArguments,
      actualCount,
      actual: actualCount === undefined ? undefined : actualCount * weight + inArguments,
    };
  });
  return [...baseRow(document, name), ...rows]
    .filter(({ estimated, actual }) => estimated > 0 || (actual ?? 0) > 0)
    .sort((a, b) => b.estimated - a.estimated);
}

function baseRow(document: DocumentNode, name: string | undefined): readonly FieldCostRow[] {
  if (getOperationAST(document, name)?.operation !== OperationTypeNode.MUTATION) return [];
  const cost = { weight: MUTATION_COST, estimated: MUTATION_COST, actual: MUTATION_COST };
  return [{ coordinate: 'mutation', estimatedCount: 1, actualCount: 1, ...cost }];
}

/** Counts the values of each field in the response. Null and an empty list count as one, as in the router. */
function countObjects(model: CostModel, { document, name, data }: Operation): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const fragments = new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
    ),
  );
  const walk = (set: SelectionSetNode, parent: GraphQLNamedType | undefined, object: unknown): void => {
    if (typeof object !== 'object' || object === null) return;
    for (const node of set.selections) {
      if (node.kind === Kind.FIELD) {
        const value: unknown = Reflect.get(object, (node.alias ?? node.name).value);
        const field = model.field(parent, node.name.value);
        if (field === undefined || value === undefined) continue;
        const items = Array.isArray(value) ? value.flat(Infinity) : [value];
        counts.set(field.coordinate, (counts.get(field.coordinate) ?? 0) + Math.max(1, items.length));
        if (node.selectionSet) for (const item of items) walk(node.selectionSet, field.type, item);
      } else {
        const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node;
        const condition = fragment?.typeCondition?.name.value;
        const type = condition === undefined ? parent : model.schema.getType(condition);
        if (fragment && matches(model, type, object)) walk(fragment.selectionSet, type, object);
      }
    }
  };
  const operation = getOperationAST(document, name);
  const root = operation && model.schema.getRootType(operation.operation);
  if (operation && root) walk(operation.selectionSet, getNamedType(root), data);
  return counts;
}

/** Without `__typename` in the response every fragment is taken to match. */
function matches(model: CostModel, type: GraphQLNamedType | undefined, object: object): boolean {
  const name: unknown = Reflect.get(object, '__typename');
  const concrete = typeof name === 'string' ? model.schema.getType(name) : undefined;
  if (type === undefined || !isObjectType(concrete) || concrete === type) return true;
  return isAbstractType(type) && model.schema.isSubType(type, concrete);
}
