import { Kind, print } from 'graphql';
import type { DirectiveNode, FieldNode, SelectionNode } from 'graphql';
import { responseName } from '../../shared/graphql/response-name.ts';

/** A root field of a mutation, with `@skip` and `@include` of the fragments around it. */
type RootField = { readonly field: FieldNode; readonly conditions: readonly DirectiveNode[] };

/**
 * Returns the root fields of a mutation, each once, in the order in which they must run (GraphQL sections
 * 6.2.2 and 6.3.2). Apollo's planner groups root fields by the fragments around them, so it would run `pay`
 * twice for `{ pay ... @include(if: $a) { pay } }`.
 * @throws if the order depends on variables in a way that no plan can express.
 */
export function inOrder(selections: readonly SelectionNode[]): FieldNode[] {
  const ordered = new Map<string, RootField>();
  for (const next of rootFields(selections, [])) {
    const name = responseName(next.field);
    const first = ordered.get(name);
    ordered.set(name, first === undefined ? next : merged(first, next, name));
  }
  return [...ordered].map(([name, { field, conditions }]) => {
    const kinds = new Set(conditions.map((condition) => condition.name.value));
    if (kinds.size < conditions.length) throw new Error(`the mutation ${name} has several conditions`);
    return { ...field, directives: conditions };
  });
}

function rootFields(selections: readonly SelectionNode[], outer: readonly DirectiveNode[]): RootField[] {
  return selections.flatMap((selection) => {
    const conditions = [...outer, ...(selection.directives ?? []).filter(isVariable)];
    const distinct = [...new Map(conditions.map((condition) => [print(condition), condition])).values()];
    switch (selection.kind) {
      case Kind.FIELD:
        return [{ field: selection, conditions: distinct }];
      case Kind.INLINE_FRAGMENT:
        return rootFields(selection.selectionSet.selections, distinct);
      case Kind.FRAGMENT_SPREAD:
        return [];
    }
  });
}

function isVariable(directive: DirectiveNode): boolean {
  return directive.arguments?.some(({ value }) => value.kind === Kind.VARIABLE) ?? false;
}

function merged(first: RootField, next: RootField, name: string): RootField {
  const same = first.conditions.map(print).join() === next.conditions.map(print).join();
  if (!same && first.conditions.length > 0) {
    throw new Error(`the mutation ${name} is selected twice under different conditions`);
  }
  if (first.field.selectionSet === undefined || next.field.selectionSet === undefined) return first;
  const added = same
    ? next.field.selectionSet.selections
    : [underConditions(next.field.selectionSet.selections, next.conditions)];
  const selections = [...first.field.selectionSet.selections, ...added];
  return { ...first, field: { ...first.field, selectionSet: { ...first.field.selectionSet, selections } } };
}

function underConditions(
  selections: readonly SelectionNode[],
  [condition, ...others]: readonly DirectiveNode[],
): SelectionNode {
  const inner = others.length === 0 ? selections : [underConditions(selections, others)];
  return {
    kind: Kind.INLINE_FRAGMENT,
    directives: condition === undefined ? [] : [condition],
    selectionSet: { kind: Kind.SELECTION_SET, selections: inner },
  };
}
