import { isCompositeType } from 'graphql';
import type { NamedTypeNode } from 'graphql';
import type { Comparison, Place } from './comparison.ts';
import { isSameKind, kindOf } from './output-types.ts';
import { compareFragmentTypes } from './possible-types.ts';
import type { FragmentPlace } from './possible-types.ts';

/**
 * Compares the type condition of a fragment. Returns the place of the fragment's selection set; undefined if
 * the fragment never applies.
 */
export function compareTypeCondition(
  node: NamedTypeNode,
  fragment: FragmentPlace,
  comparison: Comparison,
): Place | undefined {
  const { uses, reasons } = comparison;
  const name = node.name.value;
  const before = comparison.before.schema.getType(name);
  const after = comparison.after.schema.getType(name);
  if (!isCompositeType(before)) return undefined;
  uses.add(name);
  if (after === undefined) {
    const message = `${name} was removed`;
    reasons.add({ verdict: 'breaks', code: 'TYPE_REMOVED', coordinate: name, message, node });
    return undefined;
  }
  if (!isSameKind(after, before) || !isCompositeType(after)) {
    const message = `${name} was ${kindOf(before)} and is ${kindOf(after)}`;
    reasons.add({ verdict: 'breaks', code: 'TYPE_KIND_CHANGED', coordinate: name, message, node });
    return undefined;
  }
  const types = compareFragmentTypes({ before, after }, fragment, comparison);
  return types && { coordinate: fragment.parent.coordinate, before, after, types };
}
