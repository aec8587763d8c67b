import { Kind, executeSync, visit } from 'graphql';
import type { DocumentNode, FieldNode, OperationDefinitionNode } from 'graphql';
import { jsonText } from './json.ts';
import type { Selecting } from './selected-fields.ts';
import { collectFields } from './selected-fields.ts';

/** The JSON text of each introspection field of an operation, by response name. */
export type Introspect = (variables: Readonly<Record<string, unknown>>) => ReadonlyMap<string, string>;

/** Introspection is graphql-js's own, on the API schema; no subgraph is asked. */
export function compileIntrospection(selecting: Selecting, operation: OperationDefinitionNode): Introspect {
  const { schema } = selecting;
  const queryType = schema.getQueryType();
  const nodes = queryType
    ? [...collectFields(selecting, queryType, [operation.selectionSet]).values()].flat()
    : [];
  const selections = nodes.filter(({ name }) => name.value === '__schema' || name.value === '__type');
  if (selections.length === 0) return () => new Map();
  const document: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [
      { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections } },
      ...selecting.fragments.values(),
    ],
  };
  const execute: Introspect = (variableValues) => {
    const { data } = executeSync({ schema, document, variableValues });
    return new Map(Object.entries(data ?? {}).map(([name, value]) => [name, jsonText(value)]));
  };
  return usesVariables(selections, document) ? execute : once(execute);
}

function usesVariables(selections: readonly FieldNode[], document: DocumentNode): boolean {
  let found = false;
  const visitor = { Variable: () => void (found = true) };
  for (const selection of selections) visit(selection, visitor);
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) visit(definition, visitor);
  }
  return found;
}

function once(introspect: Introspect): Introspect {
  let texts: ReadonlyMap<string, string> | undefined;
  return () => (texts ??= introspect({}));
}
