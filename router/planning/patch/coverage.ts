import {
  Kind,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  parse,
} from 'graphql';
import type {
  DirectiveNode,
  DocumentNode,
  FieldNode,
  GraphQLCompositeType,
  GraphQLSchema,
  InlineFragmentNode,
  SelectionSetNode,
} from 'graphql';
import type { PlanNode, QueryPlan } from '@apollo/query-planner';
import { responseName } from '../../shared/graphql/response-name.ts';

/**
 * Response names that the fetches of a plan select, as a tree. A field inside a type condition is stored like
 * one outside: `... on Book { pages }` like `pages`.
 */
type FetchedFields = Map<string, FetchedFields>;

/**
 * Returns the first field, as `Type.field`, that an operation selects but no fetch of its plan does. Apollo's
 * planner silently drops a field of an interface that it can resolve for no object type.
 *
 * A field under a type condition that only some objects satisfy is not checked, because the plan may rightly
 * lack it: the subgraph may not have the type.
 * @param document a plannable document: one operation, without fragment spreads.
 */
export function findUncovered(
  plan: QueryPlan,
  document: DocumentNode,
  schema: GraphQLSchema,
): string | undefined {
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return undefined;
  const root = schema.getRootType(operation.operation);
  if (root === undefined || root === null) return undefined;
  const fetched: FetchedFields = new Map();
  if (plan.node !== undefined && plan.node.kind !== 'Subscription') collect(plan.node, fetched);
  return uncovered(operation.selectionSet, root, { fetched, schema, narrowed: false, assumed: new Map() });
}

function collect(node: PlanNode, at: FetchedFields): void {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      for (const child of node.nodes) collect(child, at);
      return;
    case 'Flatten': {
      const names = node.path.filter((step) => typeof step === 'string' && step !== '@');
      collect(
        node.node,
        names.reduce<FetchedFields>((place, name) => descend(place, String(name)), at),
      );
      return;
    }
    case 'Condition':
      if (node.ifClause) collect(node.ifClause, at);
      if (node.elseClause) collect(node.elseClause, at);
      return;
    case 'Fetch':
      collectOperation(node.operation, node.requires !== undefined, at);
      for (const rewrite of node.outputRewrites ?? []) {
        if (rewrite.kind === 'KeyRenamer') renameFetched(rewrite.path, rewrite.renameKeyTo, at);
      }
      return;
    case 'Defer':
      throw new Error('bug: the plan contains @defer');
  }
}

function descend(at: FetchedFields, name: string): FetchedFields {
  const existing = at.get(name);
  if (existing !== undefined) return existing;
  const created: FetchedFields = new Map();
  at.set(name, created);
  return created;
}

function collectOperation(text: string, ofEntities: boolean, at: FetchedFields): void {
  const [operation] = parse(text, { noLocation: true }).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return;
  const [entities] = operation.selectionSet.selections;
  const inner = ofEntities && entities?.kind === Kind.FIELD ? entities.selectionSet : undefined;
  collectSelections(inner ?? operation.selectionSet, at);
}

function collectSelections({ selections }: SelectionSetNode, at: FetchedFields): void {
  for (const selection of selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
    const place = selection.kind === Kind.FIELD ? descend(at, responseName(selection)) : at;
    if (selection.selectionSet) collectSelections(selection.selectionSet, place);
  }
}

function renameFetched(path: readonly string[], name: string, root: FetchedFields): void {
  const names = path.filter((step) => !step.startsWith('... on '));
  const parent = names.slice(0, -1).reduce<FetchedFields>((place, step) => descend(place, step), root);
  const renamed = parent.get(names.at(-1) ?? '');
  if (renamed !== undefined) mergeInto(descend(parent, name), renamed);
}

function mergeInto(target: FetchedFields, source: FetchedFields): void {
  for (const [name, inner] of source) mergeInto(descend(target, name), inner);
}

type Walk = {
  readonly fetched: FetchedFields;
  readonly schema: GraphQLSchema;
  /**
   * True inside a type condition that not every object at this place meets, such as `... on Book` in a list
   * of `Media`.
   */
  readonly narrowed: boolean;
  /**
   * Values that the variables in `@skip` and `@include` must have for the current selection to be included.
   */
  readonly assumed: ReadonlyMap<string, boolean>;
};

function uncovered(
  { selections }: SelectionSetNode,
  parent: GraphQLCompositeType,
  walk: Walk,
): string | undefined {
  for (const selection of selections) {
    const assumed = assuming(selection.directives ?? [], walk.assumed);
    // Conditions that exclude each other (`@include(if: $a)` inside `@skip(if: $a)`) never include a
    // selection. The planner leaves it out, so it does not count as missing.
    if (assumed === undefined || selection.kind === Kind.FRAGMENT_SPREAD) continue;
    const missing =
      selection.kind === Kind.FIELD
        ? uncoveredField(selection, parent, { ...walk, assumed })
        : uncoveredFragment(selection, parent, { ...walk, assumed });
    if (missing !== undefined) return missing;
  }
  return undefined;
}

function uncoveredFragment(
  { typeCondition, selectionSet }: InlineFragmentNode,
  parent: GraphQLCompositeType,
  walk: Walk,
): string | undefined {
  const type = typeCondition === undefined ? parent : walk.schema.getType(typeCondition.name.value);
  if (!isCompositeType(type)) return undefined;
  const narrowed = walk.narrowed || !isAlways(parent, type, walk.schema);
  return uncovered(selectionSet, type, { ...walk, narrowed });
}

function uncoveredField(field: FieldNode, parent: GraphQLCompositeType, walk: Walk): string | undefined {
  if (field.name.value.startsWith('__')) return undefined;
  const own = walk.fetched.get(responseName(field));
  if (own === undefined) return walk.narrowed ? undefined : `${parent.name}.${field.name.value}`;
  if (field.selectionSet === undefined || !(isObjectType(parent) || isInterfaceType(parent)))
    return undefined;
  const type = getNamedType(parent.getFields()[field.name.value]?.type);
  if (!isCompositeType(type)) return undefined;
  return uncovered(field.selectionSet, type, { ...walk, fetched: own });
}

function isAlways(
  parent: GraphQLCompositeType,
  condition: GraphQLCompositeType,
  schema: GraphQLSchema,
): boolean {
  if (parent === condition) return true;
  return (
    isAbstractType(condition) &&
    (isObjectType(parent) || isInterfaceType(parent)) &&
    schema.isSubType(condition, parent)
  );
}

function assuming(
  directives: readonly DirectiveNode[],
  assumed: ReadonlyMap<string, boolean>,
): ReadonlyMap<string, boolean> | undefined {
  const extended = new Map(assumed);
  for (const { name, arguments: given } of directives) {
    const value = given?.find((argument) => argument.name.value === 'if')?.value;
    if (value?.kind !== Kind.VARIABLE || (name.value !== 'skip' && name.value !== 'include')) continue;
    const needed = name.value === 'include';
    if (extended.get(value.name.value) === !needed) return undefined;
    extended.set(value.name.value, needed);
  }
  return extended;
}
