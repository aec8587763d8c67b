import { getNamedType, isCompositeType, isEnumType, isUnionType } from 'graphql';
import type { FieldNode, GraphQLEnumType, GraphQLField } from 'graphql';
import { compareArguments } from './compare-inputs.ts';
import type { Comparison, Place } from './comparison.ts';
import { isOutputSubtype, isSameKind, kindOf } from './output-types.ts';
import { NO_TYPES, compareValueTypes } from './possible-types.ts';

type Field = GraphQLField<unknown, unknown>;

/** A selected field in both versions. */
type FieldPair = {
  readonly node: FieldNode;
  readonly coordinate: string;
  readonly before: Field;
  readonly after: Field;
};

/**
 * Compares a selected field: its arguments, its type and the values of that type. Returns the place of the
 * selection set in it; undefined if nothing can be compared there.
 */
export function compareField(node: FieldNode, place: Place, comparison: Comparison): Place | undefined {
  const { uses, reasons } = comparison;
  const name = node.name.value;
  if (name.startsWith('__') || isUnionType(place.before)) return undefined;
  const coordinate = `${place.before.name}.${name}`;
  const before = place.before.getFields()[name];
  const after = isUnionType(place.after) ? undefined : place.after.getFields()[name];
  if (before === undefined) return undefined;
  uses.add(coordinate).add(getNamedType(before.type).name);
  if (after === undefined) {
    const message = `${coordinate} was removed`;
    reasons.add({ verdict: 'breaks', code: 'FIELD_REMOVED', coordinate, message, node });
    return undefined;
  }
  compareArguments(node, { coordinate, before: before.args, after: after.args }, comparison);
  const pair = { node, coordinate, before, after };
  // A field that no response contains cannot differ, but it must be valid.
  if (place.types.before.size === 0 && isSelectable(pair)) return insideOf(pair, NO_TYPES);
  return isComparable(pair, comparison) ? compareValues(pair, comparison) : undefined;
}

/** Whether the field still has a selection set, or still has none. */
function isSelectable({ before, after }: FieldPair): boolean {
  return isCompositeType(getNamedType(before.type)) === isCompositeType(getNamedType(after.type));
}

/** Whether the later type is still a subtype. If it is not, the operation breaks. */
function isComparable({ node, coordinate, before, after }: FieldPair, comparison: Comparison): boolean {
  if (isOutputSubtype(after.type, before.type, comparison)) return true;
  const from = getNamedType(before.type);
  const to = getNamedType(after.type);
  const isOtherKind = from.name === to.name && !isSameKind(to, from);
  comparison.reasons.add({
    verdict: 'breaks',
    node,
    ...(isOtherKind
      ? {
          code: 'TYPE_KIND_CHANGED',
          coordinate: from.name,
          message: `${from.name} was ${kindOf(from)} and is ${kindOf(to)}`,
        }
      : {
          code: 'FIELD_TYPE_CHANGED',
          coordinate,
          message: `the type of ${coordinate} changed from ${String(before.type)} to ${String(after.type)}, which is no subtype`,
        }),
  });
  return false;
}

function compareValues(pair: FieldPair, comparison: Comparison): Place | undefined {
  const { node, before, after } = pair;
  const from = getNamedType(before.type);
  const to = getNamedType(after.type);
  if (isEnumType(from) && isEnumType(to)) compareEnums(node, { before: from, after: to }, comparison);
  if (!isCompositeType(from) || !isCompositeType(to)) return undefined;
  return insideOf(pair, compareValueTypes(node, { before: from, after: to }, comparison));
}

function insideOf({ coordinate, before, after }: FieldPair, types: Place['types']): Place | undefined {
  const from = getNamedType(before.type);
  const to = getNamedType(after.type);
  return isCompositeType(from) && isCompositeType(to)
    ? { coordinate, before: from, after: to, types }
    : undefined;
}

function compareEnums(
  node: FieldNode,
  { before, after }: { readonly before: GraphQLEnumType; readonly after: GraphQLEnumType },
  { reasons }: Comparison,
): void {
  const [had, has] = [before, after].map((type) => new Set(type.getValues().map(({ name }) => name)));
  for (const name of has?.difference(had ?? new Set()) ?? []) {
    const coordinate = `${before.name}.${name}`;
    const message = `the response may contain ${coordinate}, which was added`;
    reasons.add({ verdict: 'changes', code: 'ENUM_VALUE_ADDED', coordinate, message, node });
  }
  for (const name of had?.difference(has ?? new Set()) ?? []) {
    const coordinate = `${before.name}.${name}`;
    const message = `the response no longer contains ${coordinate}, which was removed`;
    reasons.add({ verdict: 'changes', code: 'ENUM_VALUE_REMOVED', coordinate, message, node });
  }
}
