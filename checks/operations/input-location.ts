import { isDeepStrictEqual } from 'node:util';
import { astFromValue, getNamedType, isNonNullType, print } from 'graphql';
import type { ASTNode, GraphQLInputObjectType, GraphQLInputType } from 'graphql';
import { isSameKind, kindOf } from './output-types.ts';
import type { Effect, ReasonList } from './reason-list.ts';

/** An argument or a field of an input type. Items of a list have a type only. */
export type InputElement = {
  readonly type: GraphQLInputType;
  readonly defaultValue?: unknown;
};

/** A place for an input value in both versions. */
export type InputLocation = {
  readonly coordinate: string;
  readonly kind: InputKind;
  readonly before: InputElement;
  readonly after: InputElement;
};

export type InputKind = keyof typeof CODES;

const CODES = {
  argument: {
    added: 'FIELD_ARGUMENT_ADDED',
    removed: 'FIELD_ARGUMENT_REMOVED',
    type: 'FIELD_ARGUMENT_TYPE_CHANGED',
    default: 'FIELD_ARGUMENT_DEFAULT_CHANGED',
  },
  directiveArgument: {
    added: 'DIRECTIVE_ARGUMENT_ADDED',
    removed: 'DIRECTIVE_ARGUMENT_REMOVED',
    type: 'DIRECTIVE_ARGUMENT_TYPE_CHANGED',
    default: 'DIRECTIVE_ARGUMENT_DEFAULT_VALUE_CHANGED',
  },
  inputField: {
    added: 'INPUT_FIELD_ADDED',
    removed: 'INPUT_FIELD_REMOVED',
    type: 'INPUT_FIELD_TYPE_CHANGED',
    default: 'INPUT_FIELD_DEFAULT_VALUE_CHANGED',
  },
} as const;

/** Whether a value must be given. */
export function isRequired({ type, defaultValue }: InputElement): boolean {
  return isNonNullType(type) && defaultValue === undefined;
}

/** Whether an input type has each field of another one, and requires none that the other does not have. */
export function hasFieldsOf(after: GraphQLInputObjectType, before: GraphQLInputObjectType): boolean {
  const [earlier, later] = [before.getFields(), after.getFields()];
  return (
    Object.keys(earlier).every((name) => later[name] !== undefined) &&
    Object.values(later).every((field) => earlier[field.name] !== undefined || !isRequired(field))
  );
}

/** Adds that a value at the location is rejected by the later type. */
export function addRejected(
  location: InputLocation,
  { node, value, reasons }: { readonly node: ASTNode; readonly value: string; readonly reasons: ReasonList },
): void {
  const { coordinate, kind, before, after } = location;
  const isSameType = String(before.type) === String(after.type);
  const [earlier, later] = [getNamedType(before.type), getNamedType(after.type)];
  const isNewlyRequired = isRequired(after) && !isRequired(before);
  if (isSameType && !isNewlyRequired && !isSameKind(later, earlier)) {
    const message = `${earlier.name} was ${kindOf(earlier)} and is ${kindOf(later)}, which rejects ${value}`;
    reasons.add({ verdict: 'breaks', code: 'TYPE_KIND_CHANGED', coordinate: earlier.name, message, node });
    return;
  }
  const change = isSameType
    ? `the default value ${shownDefault(before)} of ${coordinate} was removed`
    : `the type of ${coordinate} changed from ${String(before.type)} to ${String(after.type)}`;
  reasons.add({
    verdict: 'breaks',
    code: isSameType ? CODES[kind].default : CODES[kind].type,
    coordinate,
    message: `${change}, which rejects ${value}`,
    node,
  });
}

/** Adds that the default value of the location changed, if it did. */
export function addDefaultChange(location: InputLocation, node: ASTNode, reasons: ReasonList): void {
  const { coordinate, kind, before, after } = location;
  if (isDeepStrictEqual(before.defaultValue, after.defaultValue)) return;
  const message = `the default value of ${coordinate} changed from ${shownDefault(before)} to ${shownDefault(after)}, and the operation may leave it out`;
  reasons.add({ verdict: 'changes', code: CODES[kind].default, coordinate, message, node });
}

/** Returns the effect of an element that the later version does not have. */
export function removedEffect(kind: InputKind, coordinate: string, node: ASTNode): Effect {
  const message = `${coordinate} was removed`;
  return { verdict: 'breaks', code: CODES[kind].removed, coordinate, message, node };
}

/** Returns the effect of a required element that the earlier version does not have. */
export function addedEffect(kind: InputKind, coordinate: string, node: ASTNode): Effect {
  const message = `${coordinate} was added and is required`;
  return { verdict: 'breaks', code: CODES[kind].added, coordinate, message, node };
}

function shownDefault({ defaultValue, type }: InputElement): string {
  if (defaultValue === undefined) return 'none';
  try {
    const node = astFromValue(defaultValue, type);
    return node ? print(node) : 'none';
  } catch {
    // Values of custom scalars need not have a literal.
    return JSON.stringify(defaultValue);
  }
}
