import { Kind, TypeInfo, isAbstractType, parse, print, visit, visitWithTypeInfo } from 'graphql';
import type { ASTNode, DocumentNode, FieldNode, GraphQLSchema, SelectionSetNode } from 'graphql';
import { responseName } from '../../shared/graphql/response-name.ts';
import type { FetchVariable } from '../fetch/request-body.ts';
import type { StalePolicy, StalePolicyOf } from './stale-values.ts';

/** The parts of a fetch from which `staleFields` finds the fields whose values are stored. */
type EntityFetch = {
  readonly service: string;
  readonly operation: 'query' | 'mutation';
  /** Builds the representations of an entity fetch; undefined for a fetch of root fields. */
  readonly represent: unknown;
  readonly bodyPrefix: string;
  readonly variables: readonly FetchVariable[];
};

/**
 * An entity field for which values are stored (stale-if-error), with the arguments and the selection that one
 * fetch gives the field.
 */
export type StaleField = {
  /** Key of the field in the response of the subgraph. */
  readonly key: string;
  /**
   * Coordinates of the field, such as `Book.price`. There are several if the fetch selects fields of
   * different types under the same key, as in `{ ... on Book { price } ... on Film { price } }`.
   */
  readonly coordinates: readonly string[];
  /**
   * JSON text of the subgraph's name and of the field with its arguments, selection, `@skip` and `@include`.
   * Fields with equal texts can use the same stored values.
   */
  readonly text: string;
  /** Variables that the field uses in its arguments, its selection, `@skip` and `@include`. */
  readonly variables: readonly StaleVariable[];
  readonly maxAgeMs: number;
  readonly isPrivate: boolean;
};

type StaleVariable = {
  /** Name of the variable in the client's operation. The document of the fetch may use another name. */
  readonly name: string;
  /** GraphQL text of the variable's default value; undefined if it has none. */
  readonly fallback: string | undefined;
};

/** Returns those fields of a fetch for which values are stored; undefined if there are none. */
export function staleFields(
  { service, operation, represent, bodyPrefix, variables }: EntityFetch,
  stalePolicyOf: StalePolicyOf,
  schema: GraphQLSchema,
): readonly StaleField[] | undefined {
  if (represent === undefined || operation !== 'query') return undefined;
  const { query }: { query: string } = JSON.parse(`${bodyPrefix}}`);
  const document = parse(query, { noLocation: true });
  const clientNames = new Map(variables.map(({ name, prefix }) => [plannedName(prefix), name]));
  const defaults = defaultsIn(document);
  const fields = [...fieldsOf(document)].flatMap(([key, requested]): StaleField[] => {
    // Fields of several types under the same key share one stored value. It is stored only if all of these
    // fields have a stale-if-error policy.
    if (requested.some(({ typeName, node }) => stalePolicyOf(typeName, node.name.value) === undefined))
      return [];
    const nodes = requested.flatMap(({ node, around }) => [withoutAlias(node), ...around]);
    // The stored value of an object contains the fields selected in it. The strictest policy of all these
    // fields applies: the smallest maximum age, and private if one of them is private.
    const policies = requested.flatMap((field) => stalePoliciesIn(field, stalePolicyOf, schema));
    return [
      {
        key,
        coordinates: requested.map(({ typeName, node }) => `${typeName}.${node.name.value}`),
        text: JSON.stringify([
          service,
          requested.map(({ typeName }) => typeName),
          nodes.map((node) => print(node)),
        ]),
        variables: variablesIn(nodes).map((name) => ({
          name: clientNames.get(name) ?? name,
          fallback: defaults.get(name),
        })),
        maxAgeMs: Math.min(...policies.map(({ maxAgeMs }) => maxAgeMs)),
        isPrivate: policies.some(({ isPrivate }) => isPrivate),
      },
    ];
  });
  return fields.length === 0 ? undefined : fields;
}

/** Returns the stale-if-error policies of an entity field and of the fields selected in it. */
function stalePoliciesIn(
  { typeName, node, around }: RequestedField,
  stalePolicyOf: StalePolicyOf,
  schema: GraphQLSchema,
): readonly StalePolicy[] {
  const found: StalePolicy[] = [];
  const info = new TypeInfo(schema, schema.getType(typeName));
  const visitor = visitWithTypeInfo(info, {
    Field({ name }) {
      const parent = info.getParentType();
      const types = isAbstractType(parent) ? [parent, ...schema.getPossibleTypes(parent)] : [parent];
      found.push(...types.flatMap((type) => (type && stalePolicyOf(type.name, name.value)) ?? []));
    },
  });
  for (const part of [node, ...around]) visit(part, visitor);
  return found;
}

/**
 * Returns the field without its alias. The value is the same under any alias, so the aliases share stored
 * values.
 */
function withoutAlias(node: FieldNode): FieldNode {
  const { alias: _, ...rest } = node;
  return rest;
}

/**
 * Returns the name of a variable in the plan. It is contained in the text that precedes the variable's value,
 * such as `"name":`.
 */
function plannedName(prefix: string): string {
  return JSON.parse(prefix.slice(0, -1));
}

/** A field of an entity, and the directives and fragments around it, on which its value depends. */
type RequestedField = {
  readonly typeName: string;
  readonly node: FieldNode;
  readonly around: readonly ASTNode[];
};

function fieldsOf(document: DocumentNode): ReadonlyMap<string, readonly RequestedField[]> {
  const requested = new Map<string, RequestedField[]>();
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  const add = (set: SelectionSetNode, typeName: string, around: readonly ASTNode[]): void => {
    for (const selection of set.selections) {
      const within = [...around, ...(selection.directives ?? [])];
      switch (selection.kind) {
        case Kind.FIELD: {
          const key = responseName(selection);
          const fields = requested.get(key) ?? [];
          requested.set(key, [...fields, { typeName, node: selection, around: [...around, ...fragments] }]);
          break;
        }
        case Kind.INLINE_FRAGMENT:
          add(selection.selectionSet, selection.typeCondition?.name.value ?? typeName, within);
          break;
        case Kind.FRAGMENT_SPREAD: {
          const named = fragments.find(({ name }) => name.value === selection.name.value);
          if (named) add(named.selectionSet, named.typeCondition.name.value, within);
        }
      }
    }
  };
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const selection of definition.selectionSet.selections) {
      if (selection.kind === Kind.FIELD && selection.selectionSet) add(selection.selectionSet, '', []);
    }
  }
  return requested;
}

function defaultsIn(document: DocumentNode): ReadonlyMap<string, string> {
  const defaults = new Map<string, string>();
  visit(document, {
    VariableDefinition({ variable, defaultValue }) {
      if (defaultValue !== undefined) defaults.set(variable.name.value, print(defaultValue));
    },
  });
  return defaults;
}

function variablesIn(nodes: readonly ASTNode[]): readonly string[] {
  const names = new Set<string>();
  for (const node of nodes) visit(node, { Variable: ({ name }) => void names.add(name.value) });
  return [...names];
}
