import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  isScalarType,
} from 'graphql';
import type {
  GraphQLEnumType,
  GraphQLInputObjectType,
  GraphQLInputType,
  GraphQLNamedInputType,
  VariableDefinitionNode,
} from 'graphql';
import { compareDirectives } from './compare-directives.ts';
import { compareLiteral } from './compare-inputs.ts';
import { inputType } from './compare-variable.ts';
import type { Comparison } from './comparison.ts';
import {
  addDefaultChange,
  addRejected,
  addedEffect,
  hasFieldsOf,
  isRequired,
  removedEffect,
} from './input-location.ts';
import { kindOf } from './output-types.ts';

/** Compares the types of the variables of an operation: values that were valid must still be accepted. */
export function compareVariableTypes(comparison: Comparison): void {
  for (const definition of comparison.variables.values()) {
    compareDirectives(definition, comparison);
    compareVariableType(definition, comparison);
  }
}

function compareVariableType(node: VariableDefinitionNode, comparison: Comparison): void {
  const { reasons, uses } = comparison;
  const before = inputType(comparison.before.schema, node.type);
  if (before === undefined) return;
  const { name } = getNamedType(before);
  uses.add(name);
  const named = comparison.after.schema.getType(name);
  if (named === undefined) {
    const message = `${name} was removed`;
    reasons.add({ verdict: 'breaks', code: 'TYPE_REMOVED', coordinate: name, message, node });
    return;
  }
  if (!isInputType(named) || named[Symbol.toStringTag] !== getNamedType(before)[Symbol.toStringTag]) {
    const message = `${name} was ${kindOf(getNamedType(before))} and is ${kindOf(named)}`;
    reasons.add({ verdict: 'breaks', code: 'TYPE_KIND_CHANGED', coordinate: name, message, node });
    return;
  }
  createTypeComparison(node, comparison)(getNamedType(before), named);
  const after = inputType(comparison.after.schema, node.type);
  if (after === undefined || node.defaultValue === undefined) return;
  const coordinate = `$${node.variable.name.value}`;
  compareLiteral(
    node.defaultValue,
    { coordinate, kind: 'argument', before: { type: before }, after: { type: after } },
    comparison,
  );
}

/** Scalars whose values another built-in scalar accepts, too (GraphQL section 3.5). */
const ACCEPTED: Readonly<Record<string, readonly string[]>> = { Float: ['Int'], ID: ['Int', 'String'] };

/**
 * Returns a function that compares the values that two types accept, and adds what the later one rejects. It
 * returns false for types that have nothing in common.
 */
function createTypeComparison(node: VariableDefinitionNode, comparison: Comparison) {
  const { reasons, uses } = comparison;
  const visited = new Set<string>();

  function compareNamed(before: GraphQLNamedInputType, after: GraphQLNamedInputType): boolean {
    if (isScalarType(before) && isScalarType(after))
      return before.name === after.name || (ACCEPTED[after.name]?.includes(before.name) ?? false);
    if (isEnumType(before) && isEnumType(after)) return compareEnums(before, after);
    if (!isInputObjectType(before) || !isInputObjectType(after)) return false;
    if (before.name !== after.name && !hasFieldsOf(after, before)) {
      uses.add(before.name);
      for (const name of Object.keys(before.getFields())) uses.add(`${before.name}.${name}`);
      return false;
    }
    const key = `${before.name} ${after.name}`;
    if (!visited.has(key)) {
      visited.add(key);
      compareObjects(before, after);
    }
    return true;
  }

  function compareEnums(before: GraphQLEnumType, after: GraphQLEnumType): boolean {
    if (before.name !== after.name) return before.getValues().every(({ name }) => after.getValue(name));
    for (const { name } of before.getValues()) {
      if (after.getValue(name)) continue;
      const coordinate = `${before.name}.${name}`;
      const message = `${coordinate} was removed, and the variable $${node.variable.name.value} may contain it`;
      reasons.add({ verdict: 'breaks', code: 'ENUM_VALUE_REMOVED', coordinate, message, node });
    }
    return true;
  }

  function compareObjects(before: GraphQLInputObjectType, after: GraphQLInputObjectType): void {
    const later = after.getFields();
    uses.add(before.name);
    for (const [name, from] of Object.entries(before.getFields())) {
      const coordinate = `${before.name}.${name}`;
      uses.add(coordinate);
      const to = later[name];
      if (to === undefined) {
        reasons.add(removedEffect('inputField', coordinate, node));
        continue;
      }
      const location = { coordinate, kind: 'inputField', before: from, after: to } as const;
      const value = `values of the variable $${node.variable.name.value}`;
      const isOmittable = !isRequired(from);
      if (!isAccepted(from.type, to.type) || (isOmittable && isRequired(to)))
        addRejected(location, { node, value, reasons });
      else if (isOmittable) addDefaultChange(location, node, reasons);
    }
    for (const [name, field] of Object.entries(later))
      if (before.getFields()[name] === undefined && isRequired(field))
        reasons.add(addedEffect('inputField', `${before.name}.${name}`, node));
    if (after.isOneOf && !before.isOneOf) {
      const message = `${before.name} accepts only one field now (@oneOf)`;
      reasons.add({ verdict: 'breaks', code: 'INPUT_ONE_OF_ADDED', coordinate: before.name, message, node });
    }
  }

  /** Whether the later type accepts each value of the earlier one, apart from the fields of input types. */
  function isAccepted(before: GraphQLInputType, after: GraphQLInputType): boolean {
    if (isNonNullType(after)) return isNonNullType(before) && isAccepted(before.ofType, after.ofType);
    if (isNonNullType(before)) return isAccepted(before.ofType, after);
    // A value that is no list stands for a list with this value (GraphQL section 3.11).
    if (isListType(after)) {
      if (isListType(before)) return isAccepted(before.ofType, after.ofType);
      return isAccepted(before, isNonNullType(after.ofType) ? after.ofType.ofType : after.ofType);
    }
    return !isListType(before) && compareNamed(before, after);
  }

  return compareNamed;
}
