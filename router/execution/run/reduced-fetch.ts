import { Kind, parse, print, visit } from 'graphql';
import type { DocumentNode, SelectionNode, SelectionSetNode } from 'graphql';
import type { FetchProgram } from '../compile/fetch-program.ts';
import { fetchFields } from '../fetch/fetch-fields.ts';

/**
 * Maximum number of cached variants of one fetch. Each leaves out a different set of fields that circuit
 * breakers block. When there are more, all variants are evicted.
 */
const MOST_KEPT = 32;

const reductions = new WeakMap<FetchProgram, Map<string, FetchProgram | undefined>>();

/** Returns the fetch without some of its root or entity fields; undefined if no fields would be left. */
export function withoutFields(fetch: FetchProgram, coordinates: readonly string[]): FetchProgram | undefined {
  const kept = reductions.get(fetch) ?? new Map<string, FetchProgram | undefined>();
  const key = coordinates.toSorted().join();
  if (kept.has(key)) return kept.get(key);
  if (kept.size >= MOST_KEPT) kept.clear();
  const reduced = reduce(fetch, new Set(coordinates));
  reductions.set(fetch, kept.set(key, reduced));
  return reduced;
}

function reduce(fetch: FetchProgram, unwanted: ReadonlySet<string>): FetchProgram | undefined {
  if (!fetch.fields.coordinates.some((coordinate) => !unwanted.has(coordinate))) return undefined;
  const { query }: { query: string } = JSON.parse(`${fetch.bodyPrefix}}`);
  const document = parse(query, { noLocation: true });
  if (document.definitions.length > 1) return undefined;
  const reduced = withoutUnusedVariables(cut(document, fetch.operation, unwanted));
  const text = print(reduced);
  const declared = variablesOf(reduced);
  return {
    ...fetch,
    bodyPrefix: `{"query":${JSON.stringify(text)}`,
    fields: fetchFields(reduced),
    // The fetch must not be merged with others into one request. Merged requests are written from the
    // original selection, which contains the removed fields.
    entitySelection: undefined,
    joint: undefined,
    variables: fetch.variables.filter(({ prefix }) => declared.has(prefix)),
  };
}

/** Returns the variables that a document declares, in the form of `FetchVariable.prefix`: `"name":`. */
function variablesOf({ definitions }: DocumentNode): ReadonlySet<string> {
  const names = new Set<string>();
  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const { variable } of definition.variableDefinitions ?? [])
      names.add(`${JSON.stringify(variable.name.value)}:`);
  }
  return names;
}

function cut(
  document: DocumentNode,
  operation: FetchProgram['operation'],
  unwanted: ReadonlySet<string>,
): DocumentNode {
  const root = operation === 'query' ? 'Query' : 'Mutation';
  const definitions = document.definitions.map((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION
      ? { ...definition, selectionSet: cutSet(definition.selectionSet, root, unwanted) }
      : definition,
  );
  return { ...document, definitions };
}

function cutSet(set: SelectionSetNode, type: string, unwanted: ReadonlySet<string>): SelectionSetNode {
  const selections: SelectionNode[] = [];
  for (const selection of set.selections) {
    const kept = cutSelection(selection, type, unwanted);
    if (kept !== undefined) selections.push(kept);
  }
  return { ...set, selections };
}

function cutSelection(
  selection: SelectionNode,
  type: string,
  unwanted: ReadonlySet<string>,
): SelectionNode | undefined {
  if (selection.kind === Kind.FRAGMENT_SPREAD) return selection;
  if (selection.kind === Kind.INLINE_FRAGMENT) {
    const inner = cutSet(selection.selectionSet, selection.typeCondition?.name.value ?? type, unwanted);
    return inner.selections.length === 0 ? undefined : { ...selection, selectionSet: inner };
  }
  if (unwanted.has(`${type}.${selection.name.value}`)) return undefined;
  if (selection.name.value !== '_entities' || selection.selectionSet === undefined) return selection;
  return { ...selection, selectionSet: cutSet(selection.selectionSet, '_Entity', unwanted) };
}

/**
 * Removes declarations of variables that are no longer used, because a subgraph would reject the document.
 */
function withoutUnusedVariables(document: DocumentNode): DocumentNode {
  const used = new Set<string>();
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void used.add(name.value),
  });
  return visit(document, {
    VariableDefinition: ({ variable }) => (used.has(variable.name.value) ? undefined : null),
  });
}
