import { Kind, executeSync, visit } from 'graphql';
import type { ASTNode, DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { jsonText } from '../../shared/json.ts';
import type { SelectionContext } from './selected-fields.ts';
import { collectFields } from './selected-fields.ts';

/** Returns the JSON text of each introspection field of an operation, by response name. */
export type Introspect = (variables: Readonly<Record<string, unknown>>) => ReadonlyMap<string, string>;

/**
 * The schema that introspection describes, and the default values of custom scalars that graphql-js cannot
 * print.
 */
export type Introspection = {
  /** The API schema. Each default value that graphql-js cannot print is replaced with a placeholder name. */
  readonly schema: GraphQLSchema;
  /** Replaces the placeholders in the JSON text of an introspection result with the default values. */
  readonly show: (json: string) => string;
};

/**
 * Compiles the execution of introspection fields. graphql-js resolves them from the schema, without calling a
 * subgraph.
 */
export function compileIntrospection(
  selecting: SelectionContext,
  operation: OperationDefinitionNode,
  { schema, show }: Introspection = { schema: selecting.schema, show: (json) => json },
): Introspect {
  const queryType = selecting.schema.getQueryType();
  const nodes = queryType
    ? [...collectFields(selecting, queryType, [operation.selectionSet]).values()].flat()
    : [];
  const selections = nodes.filter(({ name }) => name.value === '__schema' || name.value === '__type');
  if (selections.length === 0) return () => new Map();
  const fragments = [...selecting.fragments.values()];
  const isVariable = usesVariables([...selections, ...fragments]);
  // Introspection fields that use no variables are executed once, without variable values. Their document
  // must declare no variables, because a required variable without a value would be an error.
  const variableDefinitions = isVariable ? (operation.variableDefinitions ?? []) : [];
  const selectionSet = { kind: Kind.SELECTION_SET, selections } as const;
  const document: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [{ ...operation, variableDefinitions, selectionSet }, ...fragments],
  };
  const execute: Introspect = (variableValues) => {
    const { data } = executeSync({ schema, document, variableValues });
    return new Map(Object.entries(data ?? {}).map(([name, value]) => [name, show(jsonText(value))]));
  };
  return isVariable ? execute : once(execute);
}

function usesVariables(nodes: readonly ASTNode[]): boolean {
  let found = false;
  for (const node of nodes) visit(node, { Variable: () => void (found = true) });
  return found;
}

function once(introspect: Introspect): Introspect {
  let texts: ReadonlyMap<string, string> | undefined;
  return () => (texts ??= introspect({}));
}
