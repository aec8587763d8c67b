import { isAbstractType, isUnionType } from 'graphql';
import type { ASTNode, GraphQLCompositeType } from 'graphql';
import type { Comparison, Place } from './comparison.ts';

type Pair = { readonly before: GraphQLCompositeType; readonly after: GraphQLCompositeType };

/** The types at a place that no response contains. */
export const NO_TYPES: Place['types'] = { before: new Set(), after: new Set() };

/** A fragment, or its spread, and the place where it is. */
export type FragmentPlace = { readonly node: ASTNode; readonly parent: Place };

/** Compares the object types that the values of a field can have. An additional one changes the response. */
export function compareValueTypes(
  node: ASTNode,
  { before, after }: Pair,
  comparison: Comparison,
): Place['types'] {
  const types = {
    before: comparison.before.possibleTypes(before),
    after: comparison.after.possibleTypes(after),
  };
  const added = types.after.difference(types.before);
  if (added.size > 0 && isAbstractType(before)) {
    comparison.reasons.add({
      verdict: 'changes',
      code: relationCode(before, 'ADDED'),
      coordinate: before.name,
      message: `a value of ${before.name} may be of another type: ${inWords(added)}`,
      node,
    });
  }
  return types;
}

/**
 * Compares the object types that a fragment applies to. It breaks the operation if the fragment can never
 * apply, or no longer applies to a type that the response still contains.
 */
export function compareFragmentTypes(
  condition: Pair,
  { node, parent }: FragmentPlace,
  { before, after, reasons }: Comparison,
): Place['types'] | undefined {
  const types = {
    before: parent.types.before.intersection(before.possibleTypes(condition.before)),
    after: parent.types.after.intersection(after.possibleTypes(condition.after)),
  };
  if (after.possibleTypes(parent.after).isDisjointFrom(after.possibleTypes(condition.after))) {
    reasons.add({ verdict: 'breaks', ...impossible(parent, condition), node });
    return undefined;
  }
  // Fragments around this one already exclude it.
  if (types.before.size === 0) return NO_TYPES;
  const name = condition.before.name;
  const lost = types.before.intersection(parent.types.after).difference(types.after);
  if (lost.size > 0) {
    const message = `a fragment on ${name} no longer applies to ${inWords(lost)}`;
    const code = relationCode(condition.before, 'REMOVED');
    reasons.add({ verdict: 'breaks', code, coordinate: name, message, node });
  }
  const gained = types.after.intersection(parent.types.before).difference(types.before);
  if (gained.size > 0) {
    const message = `a fragment on ${name} also applies to ${inWords(gained)}`;
    const code = relationCode(condition.before, 'ADDED');
    reasons.add({ verdict: 'changes', code, coordinate: name, message, node });
  }
  return types;
}

/** Describes why a fragment can no longer apply: its type and the type around it are no longer related. */
function impossible(
  { coordinate, before: parent, after }: Place,
  { before: condition }: Pair,
): { readonly code: string; readonly coordinate: string; readonly message: string } {
  if (parent.name !== after.name) {
    const message = `the type of ${coordinate} changed from ${parent.name} to ${after.name}, so a fragment on ${condition.name} never applies`;
    return { code: 'FIELD_TYPE_CHANGED', coordinate, message };
  }
  const message = `a value of ${after.name} is never of the type ${condition.name}, so the fragment never applies`;
  const [only, ...others] = [parent, condition].filter(isAbstractType);
  return only !== undefined && others.length === 0
    ? { code: relationCode(only, 'REMOVED'), coordinate: only.name, message }
    : { code: 'FRAGMENT_IMPOSSIBLE', coordinate: condition.name, message };
}

function relationCode(type: GraphQLCompositeType, change: 'ADDED' | 'REMOVED'): string {
  return isUnionType(type) ? `UNION_MEMBER_${change}` : `OBJECT_TYPE_INTERFACE_${change}`;
}

function inWords(names: ReadonlySet<string>): string {
  return [...names].toSorted().join(', ');
}
