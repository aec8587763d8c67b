import { Kind } from 'graphql';
import type {
  FragmentSpreadNode,
  InlineFragmentNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { compareDirectives } from './compare-directives.ts';
import { compareField } from './compare-field.ts';
import { compareTypeCondition } from './compare-type-condition.ts';
import type { Comparison, Place } from './comparison.ts';

/** Compares the selections of an operation in both versions: fields, arguments, types and fragments. */
export function compareSelections(operation: OperationDefinitionNode, comparison: Comparison): void {
  const { before, after, reasons } = comparison;
  compareDirectives(operation, comparison);
  const from = before.schema.getRootType(operation.operation);
  const to = after.schema.getRootType(operation.operation);
  if (from && to) {
    const types = { before: before.possibleTypes(from), after: after.possibleTypes(to) };
    selectionWalk(comparison)(operation.selectionSet, {
      coordinate: from.name,
      before: from,
      after: to,
      types,
    });
  } else if (from) {
    reasons.add({
      verdict: 'breaks',
      code: 'TYPE_REMOVED',
      coordinate: from.name,
      message: `${from.name} was removed: the graph has no ${operation.operation}s`,
      node: operation,
    });
  }
}

/** Returns a function that compares a selection set. Each fragment is visited once for the same types. */
function selectionWalk(comparison: Comparison): (set: SelectionSetNode, place: Place) => void {
  const visited = new Set<string>();

  function select({ selections }: SelectionSetNode, place: Place): void {
    for (const selection of selections) compareSelection(selection, place);
  }

  function compareSelection(selection: SelectionNode, place: Place): void {
    compareDirectives(selection, comparison);
    switch (selection.kind) {
      case Kind.FIELD: {
        const inside = compareField(selection, place, comparison);
        if (inside !== undefined && selection.selectionSet) select(selection.selectionSet, inside);
        return;
      }
      case Kind.INLINE_FRAGMENT:
        return narrow(selection, place);
      case Kind.FRAGMENT_SPREAD:
        return spread(selection, place);
    }
  }

  function narrow(fragment: InlineFragmentNode, place: Place): void {
    const { typeCondition } = fragment;
    const inside =
      typeCondition === undefined
        ? place
        : compareTypeCondition(typeCondition, { node: fragment, parent: place }, comparison);
    if (inside !== undefined) select(fragment.selectionSet, inside);
  }

  function spread(node: FragmentSpreadNode, parent: Place): void {
    const fragment = comparison.fragments.get(node.name.value);
    if (fragment === undefined) return;
    compareDirectives(fragment, comparison);
    const inside = compareTypeCondition(fragment.typeCondition, { node, parent }, comparison);
    if (inside === undefined) return;
    const { types } = inside;
    const key = [node.name.value, ...types.before, '', ...types.after].join();
    if (visited.has(key)) return;
    visited.add(key);
    select(fragment.selectionSet, inside);
  }

  return select;
}
