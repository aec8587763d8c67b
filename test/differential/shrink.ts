import { Kind, parse, print, validate, visit } from 'graphql';
import type { SelectionSetNode } from 'graphql';
import type { Case } from './cases.ts';
import type { Graph } from './graph.ts';

/** Removes selections from the operation for as long as it stays valid and wrong. */
export async function shrink(
  graph: Graph,
  found: Case,
  isWrong: (smaller: Case) => Promise<boolean>,
): Promise<Case> {
  let smallest = found;
  for (let index = 0; ;) {
    const document = withoutSelection(smallest.operation.document, index);
    if (document === undefined) return smallest;
    const smaller = { ...smallest, operation: { ...smallest.operation, document } };
    const isBetter = validate(graph.apiSchema, parse(document)).length === 0 && (await isWrong(smaller));
    if (isBetter) smallest = smaller;
    else index += 1;
  }
}

/**
 * Returns the document without the selection of that number, and without everything that only this selection
 * used; `undefined` if there is none.
 */
function withoutSelection(document: string, number: number): string | undefined {
  let count = -1;
  let isFound = false;
  const smaller = visit(parse(document), {
    SelectionSet: (set): SelectionSetNode | undefined => {
      const kept = set.selections.filter(() => (count += 1) !== number);
      if (kept.length === set.selections.length) return undefined;
      isFound = true;
      return { ...set, selections: kept };
    },
  });
  if (!isFound) return undefined;
  return withoutUnused(print(smaller));
}

function withoutUnused(document: string): string {
  const used = new Set([...document.matchAll(/\.\.\.\s*(\w+)/g)].map(([, name]) => name));
  try {
    const parsed = parse(document);
    const definitions = parsed.definitions.filter(
      (node) => node.kind !== Kind.FRAGMENT_DEFINITION || used.has(node.name.value),
    );
    const variables = new Set<string>();
    const collect = (name: string) => void variables.add(name);
    visit(
      { ...parsed, definitions },
      { VariableDefinition: () => false, Variable: ({ name }) => collect(name.value) },
    );
    return print(
      visit(
        { ...parsed, definitions },
        { VariableDefinition: ({ variable }) => (variables.has(variable.name.value) ? undefined : null) },
      ),
    );
  } catch {
    // A selection set without selections is not GraphQL; checking here saves the validation of the caller.
    return '{ __typename @invalid }';
  }
}
