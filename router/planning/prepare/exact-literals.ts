import { randomUUID } from 'node:crypto';
import {
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  Kind,
  TypeInfo,
  getNamedType,
  isScalarType,
  isSpecifiedScalarType,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type {
  DocumentNode,
  EnumValueNode,
  FloatValueNode,
  GraphQLSchema,
  IntValueNode,
  StringValueNode,
} from 'graphql';
import type { PlanNode, QueryPlan } from '@apollo/query-planner';
import { mapChildren } from './map-children.ts';

/**
 * A document in which literals that Apollo's planner would change are replaced by names. `literals` maps each
 * name to its literal.
 */
export type HiddenLiterals = {
  readonly document: DocumentNode;
  readonly literals: ReadonlyMap<string, string>;
};

/**
 * Replaces by names those literals that Apollo's planner would change. It would turn `9007199254740993` into
 * `9007199254740992`, an enum literal of a custom scalar into a string, and an ID of digits into a number.
 * `showLiterals` restores the literals in the plan. A number literal of the type ID is not restored: it
 * becomes a string with the same digits, because GraphQL coerces a number of that type to a string anyway.
 * @param source text of the document.
 */
export function hideLiterals(document: DocumentNode, source: string, schema: GraphQLSchema): HiddenLiterals {
  const literals = new Map<string, string>();
  if (!source.includes('(')) return { document, literals };
  // Beginning of the names that replace literals. It is random, so that no string in an operation or in a
  // `@requires` can equal such a name.
  const prefix = `literal_${randomUUID()}_`;
  const names = new Map<string, string>();
  const info = new TypeInfo(schema);
  const inputType = () => getNamedType(info.getInputType());
  const hide = (text: string): StringValueNode => {
    const name = names.get(text) ?? `${prefix}${names.size}`;
    names.set(text, name);
    literals.set(name, text);
    return { kind: Kind.STRING, value: name };
  };
  const hideNumber = ({ value }: IntValueNode | FloatValueNode): StringValueNode | undefined => {
    if (survives(value)) return undefined;
    const type = inputType();
    if (type === GraphQLInt || type === GraphQLFloat) return undefined;
    return type === GraphQLID ? { kind: Kind.STRING, value } : hide(value);
  };
  const hideEnum = ({ value }: EnumValueNode): StringValueNode | undefined => {
    const type = inputType();
    // graphql-js reports no type for values inside an object literal of a custom scalar, such as
    // `{ color: RED }`. A value without a type therefore belongs to a custom scalar.
    const isCustom = type === undefined || (isScalarType(type) && !isSpecifiedScalarType(type));
    return isCustom ? hide(value) : undefined;
  };
  const hideId = ({ value }: StringValueNode): StringValueNode | undefined =>
    /^-?\d+$/.test(value) && !survives(value) && inputType() === GraphQLID ? hide(`"${value}"`) : undefined;
  const visitor = { IntValue: hideNumber, FloatValue: hideNumber, EnumValue: hideEnum, StringValue: hideId };
  return { document: visit(document, visitWithTypeInfo(info, visitor)), literals };
}

function survives(number: string): boolean {
  return String(Number(number)) === number;
}

/** Restores the literals that `hideLiterals` has replaced with names, in the documents of all fetches. */
export function showLiterals(plan: QueryPlan, literals: HiddenLiterals['literals']): QueryPlan {
  if (literals.size === 0 || plan.node === undefined || plan.node.kind === 'Subscription') return plan;
  return { ...plan, node: shown(plan.node, literals) };
}

function shown(node: PlanNode, literals: HiddenLiterals['literals']): PlanNode {
  if (node.kind !== 'Fetch') return mapChildren(node, (child) => shown(child, literals));
  return {
    ...node,
    operation: node.operation.replaceAll(
      /"(literal_[\da-f-]{36}_\d+)"/g,
      (text, name: string) => literals.get(name) ?? text,
    ),
  };
}
