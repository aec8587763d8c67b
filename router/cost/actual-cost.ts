import {
  Kind,
  OperationTypeNode,
  getNullableType,
  getOperationAST,
  isAbstractType,
  isInterfaceType,
  isListType,
  isObjectType,
} from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLNamedType,
  GraphQLSchema,
  NamedTypeNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { MUTATION_COST, compileFieldCost, wholeCost } from './cost.ts';
import { compileArguments } from './cost-arguments.ts';
import type { CostModel, FieldCost, Variables } from './cost-model.ts';
import { compileExclusion, compileVariables } from './operation-total.ts';
import { add } from './saturating.ts';

/** Data of all subgraph responses, merged into one object. Fields whose subgraph call failed are absent. */
export type DeliveredData = Readonly<Record<string, unknown>>;

/**
 * Returns the actual cost of an operation in points, computed from the data that the subgraphs returned.
 * @param fieldsWithoutResponse coordinates of fields whose subgraph call was sent and failed; if such a field
 * is missing in the data, its estimated cost is charged
 */
export type ActualCost = (
  delivered: DeliveredData,
  variables: Variables,
  fieldsWithoutResponse?: ReadonlySet<string>,
) => number;

export type DeliveredOperation = {
  readonly document: DocumentNode;
  readonly name: string | undefined;
  /**
   * Returns the key of a field in the merged data of subgraphs, which may differ from the field's name or
   * alias in the client's response.
   */
  readonly keyOf: (node: FieldNode) => string;
};

type Run = { readonly variables: Variables; readonly fieldsWithoutResponse: ReadonlySet<string> };

type Walk = (object: DeliveredData, run: Run) => number;

/**
 * Compiles the function that computes the actual cost of an operation from the data of the subgraphs. Fields
 * cost the same as in the estimate, but lists have their actual lengths. Null and an empty list cost as much
 * as one item without its selection. Returns undefined if the estimated cost stays charged, for example for
 * introspection.
 */
export function compileActualCost(
  model: CostModel,
  { document, name, keyOf }: DeliveredOperation,
): ActualCost | undefined {
  const operation = getOperationAST(document, name);
  const root = operation && model.schema.getRootType(operation.operation);
  if (!operation || !root) return undefined;
  const compilation = new Compilation(model, document, keyOf);
  const walk = compilation.selectionSet(operation.selectionSet, root);
  if (compilation.introspects) return undefined;
  // A failed mutation still costs the base cost of a mutation, because it may have taken effect.
  const base = operation.operation === OperationTypeNode.MUTATION ? MUTATION_COST : 0;
  const variablesOf = compileVariables(operation);
  return (delivered, variables, fieldsWithoutResponse = NONE) =>
    wholeCost(
      add(base, walk?.(delivered, { variables: variablesOf(variables), fieldsWithoutResponse }) ?? 0),
    );
}

const NONE: ReadonlySet<string> = new Set();

class Compilation {
  introspects = false;
  readonly #model: CostModel;
  readonly #document: DocumentNode;
  readonly #keyOf: DeliveredOperation['keyOf'];
  readonly #definitions = new Map<string, FragmentDefinitionNode>();
  readonly #compiled = new Map<string, Walk | undefined>();

  constructor(model: CostModel, document: DocumentNode, keyOf: DeliveredOperation['keyOf']) {
    this.#model = model;
    this.#document = document;
    this.#keyOf = keyOf;
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION)
        this.#definitions.set(definition.name.value, definition);
    }
  }

  /**
   * Compiles the function that computes the actual cost of a selection set; undefined if no selected field
   * costs anything.
   */
  selectionSet({ selections }: SelectionSetNode, parent: GraphQLNamedType | undefined): Walk | undefined {
    const walks = selections.flatMap((selection) => {
      const walk = this.#selection(selection, parent);
      return walk === undefined ? [] : conditional(selection, walk);
    });
    if (walks.length < 2) return walks[0];
    return (object, run) => {
      let total = 0;
      for (const walk of walks) total = add(total, walk(object, run));
      return total;
    };
  }

  #selection(selection: SelectionNode, parent: GraphQLNamedType | undefined): Walk | undefined {
    switch (selection.kind) {
      case Kind.FIELD:
        return this.#field(selection, parent);
      case Kind.INLINE_FRAGMENT:
        return this.#narrowed(selection.typeCondition, parent, (type) =>
          this.selectionSet(selection.selectionSet, type),
        );
      case Kind.FRAGMENT_SPREAD:
        return this.#fragment(selection.name.value);
    }
  }

  #field(node: FieldNode, parent: GraphQLNamedType | undefined): Walk | undefined {
    const name = node.name.value;
    if (name === '__schema' || name === '__type') this.introspects = true;
    const field = this.#model.field(parent, name);
    if (name.startsWith('__') || field === undefined) return undefined;
    const inner = node.selectionSet && this.selectionSet(node.selectionSet, field.type);
    const missingCost = this.#missing(node, parent, field);
    const argumentsCost = compileArguments(this.#model, field.definition, node);
    const valueCost = compileValueCost(field, inner);
    const key = this.#keyOf(node);
    if (argumentsCost === undefined) {
      if (field.weight === 0 && inner === undefined) return undefined;
      return (object, run) => {
        const value = object[key];
        return value === undefined ? missingCost(run) : valueCost(value, run);
      };
    }
    return (object, run) => {
      const value = object[key];
      return value === undefined
        ? missingCost(run)
        : add(argumentsCost(run.variables), valueCost(value, run));
    };
  }

  #missing(node: FieldNode, parent: GraphQLNamedType | undefined, { coordinate }: FieldCost) {
    let estimate: ((variables: Variables) => number) | undefined;
    return ({ fieldsWithoutResponse, variables }: Run) => {
      if (fieldsWithoutResponse.size === 0 || !this.#hasNoResponse(coordinate, fieldsWithoutResponse))
        return 0;
      estimate ??= compileFieldCost(this.#model, this.#document, { node, parent });
      return estimate(variables);
    };
  }

  // Returns whether the call that requested the field was sent and failed. A field of a type and the same
  // field of its interface count as one field, because the call may select `Book.title` where the operation
  // selects `Media.title`.
  #hasNoResponse(coordinate: string, fieldsWithoutResponse: ReadonlySet<string>): boolean {
    if (fieldsWithoutResponse.has(coordinate)) return true;
    const [typeName, fieldName] = coordinate.split('.');
    for (const other of fieldsWithoutResponse) {
      const [otherType, otherField] = other.split('.');
      if (fieldName === otherField && this.#areRelated(typeName, otherType)) return true;
    }
    return false;
  }

  #areRelated(one = '', other = ''): boolean {
    const { schema } = this.#model;
    const [a, b] = [schema.getType(one), schema.getType(other)];
    return isSubType(schema, a, b) || isSubType(schema, b, a);
  }

  #fragment(name: string): Walk | undefined {
    if (this.#compiled.has(name)) return this.#compiled.get(name);
    const definition = this.#definitions.get(name);
    if (definition === undefined) return undefined;
    // While a fragment is compiled, it counts as free. Otherwise a fragment that spreads itself would be
    // compiled endlessly.
    this.#compiled.set(name, undefined);
    const walk = this.#narrowed(definition.typeCondition, undefined, (type) =>
      this.selectionSet(definition.selectionSet, type),
    );
    this.#compiled.set(name, walk);
    return walk;
  }

  /**
   * Compiles the cost of the fields in a fragment. They are counted only for objects of the fragment's type,
   * because an object of another type may have fields with these names, too.
   */
  #narrowed(
    condition: NamedTypeNode | undefined,
    parent: GraphQLNamedType | undefined,
    compile: (type: GraphQLNamedType | undefined) => Walk | undefined,
  ): Walk | undefined {
    if (condition === undefined) return compile(parent);
    const { schema } = this.#model;
    const type = schema.getType(condition.name.value);
    const walk = compile(type);
    if (walk === undefined || type === undefined) return walk;
    const names = new Set([type, ...(isAbstractType(type) ? schema.getPossibleTypes(type) : [])].map(String));
    return (object, run) => {
      const typename = object['__typename'];
      return typeof typename === 'string' && !names.has(typename) && !this.#isInterface(typename)
        ? 0
        : walk(object, run);
    };
  }

  // Returns whether a `__typename` in subgraph data is the name of an interface, as in responses of a
  // subgraph with `@interfaceObject`.
  #isInterface(typename: string): boolean {
    return isAbstractType(this.#model.schema.getType(typename));
  }
}

// A selection that `@skip` or `@include` excludes costs nothing. If the data has a value under the same
// response key, another selection has requested that value.
function conditional(selection: SelectionNode, walk: Walk): Walk {
  const isLeftOut = compileExclusion(selection);
  return isLeftOut === undefined ? walk : (object, run) => (isLeftOut(run.variables) ? 0 : walk(object, run));
}

function isSubType(schema: GraphQLSchema, abstract: Maybe, type: Maybe): boolean {
  return (
    isAbstractType(abstract) &&
    (isObjectType(type) || isInterfaceType(type)) &&
    schema.isSubType(abstract, type)
  );
}

type Maybe = GraphQLNamedType | undefined;

type ValueCost = (value: unknown, run: Run) => number;

function compileValueCost(
  { weight, weightByType, definition }: FieldCost,
  inner: Walk | undefined,
): ValueCost {
  const isCountable = inner === undefined && weightByType === undefined && !isListOfLists(definition.type);
  const itemCost: ValueCost =
    weightByType === undefined
      ? (value, run) => (inner !== undefined && isObject(value) ? add(weight, inner(value, run)) : weight)
      : (value, run) =>
          isObject(value)
            ? add(weightByType.get(String(value['__typename'])) ?? weight, inner?.(value, run) ?? 0)
            : weight;
  const cost: ValueCost = (value, run) => {
    if (!Array.isArray(value)) return itemCost(value, run);
    if (isCountable) return weight * Math.max(value.length, 1);
    let total = value.length === 0 ? weight : 0;
    for (const item of value) total = add(total, cost(item, run));
    return total;
  };
  return cost;
}

function isListOfLists(type: FieldCost['definition']['type']): boolean {
  const outer = getNullableType(type);
  return isListType(outer) && isListType(getNullableType(outer.ofType));
}

function isObject(value: unknown): value is DeliveredData {
  return typeof value === 'object' && value !== null;
}
