import { Kind, getOperationAST } from 'graphql';
import type {
  DirectiveNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLNamedType,
  NamedTypeNode,
  OperationDefinitionNode,
  OperationTypeNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { RouterError } from '../shared/errors.ts';
import { exactValue } from '../shared/graphql/exact-scalars.ts';
import { compileListSize } from './cost-list-size.ts';
import type { CostModel, FieldCost, Variables } from './cost-model.ts';
import { compileValue } from './operation-value.ts';
import { add, multiply } from './saturating.ts';

/**
 * The amounts that are added up over an operation: for example points for its cost, or 1 for each call of a
 * field.
 */
export type Weights = {
  /** Returns what one value of the field adds to the sum: each item, if the field is a list. */
  readonly item: (field: FieldCost) => number;
  /**
   * Returns the function that computes the amount for a selection of the field without its values, such as
   * the cost of its arguments. The amount is added once for each selection. Undefined if it is always zero.
   */
  readonly call: (field: FieldCost, node: FieldNode) => ((variables: Variables) => number) | undefined;
  /** Amount for a selected field that does not exist in the schema. */
  readonly unknown: number;
};

/** Computes a sum over all fields of an operation, such as its cost, from the variables of a request. */
export type OperationTotal = {
  readonly type: OperationTypeNode;
  readonly evaluate: (given: Variables) => number;
  /** True if `evaluate` returns a sum that was computed once, because the operation has no variables. */
  readonly isConstant: boolean;
};

/**
 * State while one sum is computed: the variables with their defaults, and the sums of the fragments that were
 * already computed.
 */
type Scope = { readonly variables: Variables; readonly fragments: Map<string, number> };

/**
 * List size that a field sets for fields in its selection: with `sizedFields: ["edges"]`, it is the size of
 * `edges`.
 */
type Sizing = { readonly coordinate: string; readonly fields: ReadonlySet<string>; readonly size: number };

type Cost = (scope: Scope, sizing: Sizing | undefined) => number;

const FREE: Cost = () => 0;

/**
 * Compiles the function that adds up the amounts of all fields of an operation, with estimated list sizes.
 * The function is called with the variables of each request.
 * @throws {RouterError} OPERATION_RESOLUTION_FAILURE if `name` selects no operation of the document. The
 * compiled function throws BAD_USER_INPUT if `@listSize` requires exactly one slicing argument and the
 * request has none or several
 */
export function compileTotal(
  model: CostModel,
  weights: Weights,
  { document, name }: { readonly document: DocumentNode; readonly name: string | undefined },
): OperationTotal {
  const operation = getOperationAST(document, name);
  if (!operation) throw new RouterError('OPERATION_RESOLUTION_FAILURE');
  const root = model.schema.getRootType(operation.operation) ?? undefined;
  const selected = new Compilation(model, weights, document).selectionSet(operation.selectionSet, root);
  const variablesOf = compileVariables(operation);
  const evaluate = (given: Variables) =>
    selected({ variables: variablesOf(given), fragments: new Map() }, undefined);
  if (operation.variableDefinitions?.length)
    return { type: operation.operation, evaluate, isConstant: false };
  const constant = evaluate({});
  return { type: operation.operation, evaluate: () => constant, isConstant: true };
}

/**
 * Compiles the function that adds up the amounts of one field and its selection. Callers must put the
 * defaults into the variables first.
 */
export function compileFieldTotal(
  model: CostModel,
  weights: Weights,
  {
    document,
    node,
    parent,
  }: {
    readonly document: DocumentNode;
    readonly node: FieldNode;
    readonly parent: GraphQLNamedType | undefined;
  },
): (variables: Variables) => number {
  const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [node] };
  const total = new Compilation(model, weights, document).selectionSet(selectionSet, parent);
  return (variables) => total({ variables, fragments: new Map() }, undefined);
}

class Compilation {
  readonly #model: CostModel;
  readonly #weights: Weights;
  readonly #definitions = new Map<string, FragmentDefinitionNode>();
  readonly #compiled = new Map<string, Cost>();

  constructor(model: CostModel, weights: Weights, document: DocumentNode) {
    this.#model = model;
    this.#weights = weights;
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION)
        this.#definitions.set(definition.name.value, definition);
    }
  }

  selectionSet({ selections }: SelectionSetNode, parent: GraphQLNamedType | undefined): Cost {
    const costs = selections
      .map((selection) => conditional(selection, this.#selection(selection, parent)))
      .filter((cost) => cost !== FREE);
    if (costs.length === 0) return FREE;
    return (scope, sizing) => {
      let total = 0;
      for (const cost of costs) total = add(total, cost(scope, sizing));
      return total;
    };
  }

  #selection(selection: SelectionNode, parent: GraphQLNamedType | undefined): Cost {
    switch (selection.kind) {
      case Kind.FIELD:
        return this.#field(selection, parent);
      case Kind.INLINE_FRAGMENT:
        return this.selectionSet(selection.selectionSet, this.#narrowed(selection.typeCondition, parent));
      case Kind.FRAGMENT_SPREAD:
        return this.#fragment(selection.name.value);
    }
  }

  #field(node: FieldNode, parent: GraphQLNamedType | undefined): Cost {
    const name = node.name.value;
    if (name === '__typename') return FREE;
    const field = this.#model.field(parent, name);
    const inner = node.selectionSet ? this.selectionSet(node.selectionSet, field?.type) : FREE;
    // The console computes the cost of documents that are not validated. A field that the schema does not
    // have costs as much as an object.
    const { unknown } = this.#weights;
    if (field === undefined) return (scope) => add(unknown, inner(scope, undefined));

    const { coordinate, isList } = field;
    const weight = this.#weights.item(field);
    const sizedFields = field.listSize?.sizedFields;
    const listSize = compileListSize(field, node);
    const call = this.#weights.call(field, node);
    if (weight === 0 && inner === FREE && call === undefined && field.listSize === undefined) return FREE;
    const { defaultListSize } = this.#model;
    return (scope, sizing) => {
      const size = listSize(scope.variables);
      const sized =
        size !== undefined && sizedFields?.size ? { coordinate, fields: sizedFields, size } : undefined;
      const fromParent = sizing?.fields.has(name) === true ? sizing.size : undefined;
      const instances = isList ? (fromParent ?? size ?? defaultListSize) : 1;
      // Fields below an empty list are not called, so they are not evaluated. Evaluating them would record
      // argument values that belong to no call.
      const each = instances === 0 ? 0 : add(weight, inner(scope, sized));
      const total = multiply(instances, each);
      return call === undefined ? total : add(total, call(scope.variables));
    };
  }

  /**
   * Compiles the function that computes the sum over a fragment. A request computes the sum only once for
   * each list size that an enclosing field sets. Otherwise nested fragments would multiply the work.
   */
  #fragment(name: string): Cost {
    const known = this.#compiled.get(name);
    if (known !== undefined) return known;
    const definition = this.#definitions.get(name);
    if (definition === undefined) return FREE;
    // While a fragment is compiled, it counts as free. Otherwise a fragment that spreads itself would be
    // compiled endlessly.
    this.#compiled.set(name, FREE);
    const selected = this.selectionSet(
      definition.selectionSet,
      this.#narrowed(definition.typeCondition, undefined),
    );
    const cost: Cost = (scope, sizing) => {
      const key = sizing === undefined ? name : `${name} ${sizing.coordinate} ${sizing.size}`;
      const before = scope.fragments.get(key);
      if (before !== undefined) return before;
      const total = selected(scope, sizing);
      scope.fragments.set(key, total);
      return total;
    };
    this.#compiled.set(name, cost);
    return cost;
  }

  #narrowed(condition: NamedTypeNode | undefined, parent: GraphQLNamedType | undefined) {
    return condition === undefined ? parent : this.#model.schema.getType(condition.name.value);
  }
}

/**
 * Returns a function that computes the amount of a selection, or zero if `@skip` or `@include` excludes the
 * selection.
 */
function conditional(selection: SelectionNode, cost: Cost): Cost {
  const isLeftOut = cost === FREE ? undefined : compileExclusion(selection);
  if (isLeftOut === undefined) return cost;
  return (scope, sizing) => (isLeftOut(scope.variables) ? 0 : cost(scope, sizing));
}

/**
 * Compiles the function that returns whether `@skip` or `@include` excludes a selection. Returns undefined if
 * the selection has neither directive.
 */
export function compileExclusion({
  directives,
}: SelectionNode): ((variables: Variables) => boolean) | undefined {
  const conditions = (directives ?? []).flatMap((directive) => {
    const argument = directive.arguments?.find(({ name }) => name.value === 'if');
    const leavesOut = leavesOutWhen(directive);
    if (argument === undefined || leavesOut === undefined) return [];
    return [{ value: compileValue(argument.value), leavesOut }];
  });
  if (conditions.length === 0) return undefined;
  return (variables) => conditions.some(({ value, leavesOut }) => value.read(variables) === leavesOut);
}

function leavesOutWhen({ name }: DirectiveNode): boolean | undefined {
  if (name.value === 'skip') return true;
  return name.value === 'include' ? false : undefined;
}

/**
 * Compiles the function that returns the declared variables with their defaults. The returned object has no
 * prototype: otherwise a missing `$constructor` would be read as `Object.prototype.constructor`.
 */
export function compileVariables(operation: OperationDefinitionNode): (given: Variables) => Variables {
  const declared = (operation.variableDefinitions ?? []).map(({ variable, defaultValue }) => ({
    name: variable.name.value,
    fallback: defaultValue && exactValue(defaultValue),
  }));
  return (given) => {
    const variables: Record<string, unknown> = Object.create(null);
    for (const { name, fallback } of declared) {
      variables[name] = Object.hasOwn(given, name) ? given[name] : fallback;
    }
    return variables;
  };
}
