import {
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  Kind,
  TypeInfo,
  getNamedType,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { DocumentNode, FloatValueNode, GraphQLSchema, IntValueNode, StringValueNode } from 'graphql';
import type { PlanNode, QueryPlan } from '@apollo/query-planner';

/** A document with names in place of the number literals that Apollo's planner would round, and these literals by name. */
export type HiddenLiterals = {
  readonly document: DocumentNode;
  readonly literals: ReadonlyMap<string, string>;
};

/**
 * Apollo's planner reads literals into doubles and prints these: `9007199254740993` becomes `9007199254740992`. Literals of
 * custom scalars are planned as strings with names that the document does not contain, and put back with `showLiterals`. Literals
 * of the type ID become strings and stay so, as GraphQL coerces them.
 *
 * @param source of the document.
 */
export function hideLiterals(document: DocumentNode, source: string, schema: GraphQLSchema): HiddenLiterals {
  const literals = new Map<string, string>();
  if (!/\d/.test(source)) return { document, literals };
  const prefix = unusedPrefix(source);
  const names = new Map<string, string>();
  const info = new TypeInfo(schema);
  const hide = (node: IntValueNode | FloatValueNode): StringValueNode | undefined => {
    const { value } = node;
    if (String(Number(value)) === value) return undefined;
    const type = getNamedType(info.getInputType());
    if (type === GraphQLInt || type === GraphQLFloat) return undefined;
    if (type === GraphQLID) return { kind: Kind.STRING, value };
    const name = names.get(value) ?? `${prefix}${names.size}`;
    names.set(value, name);
    literals.set(name, value);
    return { kind: Kind.STRING, value: name };
  };
  const hidden = visit(document, visitWithTypeInfo(info, { IntValue: hide, FloatValue: hide }));
  return { document: hidden, literals };
}

function unusedPrefix(source: string): string {
  let prefix = 'number_';
  while (source.includes(prefix)) prefix += '_';
  return prefix;
}

/** Puts the literals back into the documents of all fetches. */
export function showLiterals(plan: QueryPlan, literals: HiddenLiterals['literals']): QueryPlan {
  if (literals.size === 0 || plan.node === undefined || plan.node.kind === 'Subscription') return plan;
  return { ...plan, node: shown(plan.node, literals) };
}

function shown(node: PlanNode, literals: HiddenLiterals['literals']): PlanNode {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return { ...node, nodes: node.nodes.map((child) => shown(child, literals)) };
    case 'Flatten':
      return { ...node, node: shown(node.node, literals) };
    case 'Condition':
      return {
        ...node,
        ...(node.ifClause && { ifClause: shown(node.ifClause, literals) }),
        ...(node.elseClause && { elseClause: shown(node.elseClause, literals) }),
      };
    case 'Fetch':
      return {
        ...node,
        operation: node.operation.replaceAll(
          /"(number_+\d+)"/g,
          (text, name: string) => literals.get(name) ?? text,
        ),
      };
    case 'Defer':
      throw new Error('the planner was not asked for @defer');
  }
}
