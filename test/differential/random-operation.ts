import {
  astFromValue,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isUnionType,
  print,
} from 'graphql';
import type { GraphQLCompositeType, GraphQLField, GraphQLInputType, GraphQLSchema } from 'graphql';
import type { Random } from './random.ts';

/** An operation with values for its variables. It may be invalid. */
export type RandomOperation = { readonly body: string; readonly variables: readonly Values[] };

export type Values = Readonly<Record<string, unknown>>;

const MAX_DEPTH = 3;
const VALUES = 3;

/** Writes an operation for a schema. Each selection set has `__typename`, for the comparison of responses. */
export function randomOperation(schema: GraphQLSchema, random: Random): RandomOperation {
  const declared: { readonly name: string; readonly type: GraphQLInputType; readonly text: string }[] = [];
  const fragments: string[] = [];
  const root = random.chance(0.2) ? schema.getMutationType() : schema.getQueryType();
  if (!root) throw new Error('bug: the schema has no root types');

  function selections(type: GraphQLCompositeType, depth: number): string {
    const fields = isUnionType(type) ? [] : Object.values(type.getFields());
    const chosen = random.some(fields, 0.5).map((field) => selection(field, depth));
    const conditions = random.some(conditionsFor(type), isAbstractType(type) ? 0.5 : 0.15);
    const spreads = depth === 0 ? [] : conditions.map((condition) => fragment(condition, depth - 1));
    return `{ __typename ${[...chosen, ...spreads].join(' ')} }`;
  }

  function conditionsFor(type: GraphQLCompositeType): readonly GraphQLCompositeType[] {
    const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : [type];
    return Object.values(schema.getTypeMap()).filter(
      (other): other is GraphQLCompositeType =>
        isCompositeType(other) &&
        !other.name.startsWith('__') &&
        possible.some((one) => one === other || (isAbstractType(other) && schema.isSubType(other, one))),
    );
  }

  function fragment(condition: GraphQLCompositeType, depth: number): string {
    const set = selections(condition, depth);
    if (random.chance(0.5)) return `... on ${condition.name} ${set}`;
    fragments.push(`fragment F${fragments.length} on ${condition.name} ${set}`);
    return `...F${fragments.length - 1}`;
  }

  function selection(field: GraphQLField<unknown, unknown>, depth: number): string {
    const type = getNamedType(field.type);
    if (isCompositeType(type) && depth === 0) return '';
    const given = field.args.flatMap(({ name, type: input, defaultValue }) =>
      (isNonNullType(input) && defaultValue === undefined) || random.chance(0.5)
        ? [`${name}: ${value(input, true)}`]
        : [],
    );
    // The alias depends on the arguments, so that fields with other arguments do not conflict.
    const alias = given.length === 0 ? '' : `a${declared.length}_${random.int(1_000)}: `;
    const call = given.length === 0 ? '' : `(${given.join(', ')})`;
    const set = isCompositeType(type) ? selections(type, depth - 1) : '';
    return `${alias}${field.name}${call} ${set}`;
  }

  function value(type: GraphQLInputType, allowsVariable: boolean): string {
    if (allowsVariable && random.chance(0.4)) return variable(type);
    if (isNonNullType(type)) return nonNull(type.ofType);
    return random.chance(0.1) ? 'null' : nonNull(type);
  }

  function nonNull(type: GraphQLInputType): string {
    if (isListType(type))
      return random.chance(0.2) ? value(type.ofType, false) : `[${value(type.ofType, true)}]`;
    if (!isInputObjectType(type)) return literal(type, random);
    const fields = Object.values(type.getFields()).filter(
      (field) => (isNonNullType(field.type) && field.defaultValue === undefined) || random.chance(0.5),
    );
    return `{ ${fields.map((field) => `${field.name}: ${value(field.type, true)}`).join(', ')} }`;
  }

  function variable(type: GraphQLInputType): string {
    const name = `v${declared.length}`;
    const isStricter = !isNonNullType(type) && random.chance(0.3);
    const hasDefault = !isNonNullType(type) && !isStricter && random.chance(0.2);
    const text = hasDefault
      ? `${String(type)} = ${nonNullLiteral(type)}`
      : `${String(type)}${isStricter ? '!' : ''}`;
    declared.push({ name, type, text: `$${name}: ${text}` });
    return `$${name}`;
  }

  function nonNullLiteral(type: GraphQLInputType): string {
    const node = astFromValue(randomValue(type, random) ?? null, type);
    return node ? print(node) : 'null';
  }

  const set = selections(root, MAX_DEPTH);
  const header = declared.length === 0 ? '' : `(${declared.map(({ text }) => text).join(', ')})`;
  return {
    body: [`${root === schema.getQueryType() ? 'query' : 'mutation'} Q${header} ${set}`, ...fragments].join(
      '\n',
    ),
    variables: Array.from({ length: VALUES }, () =>
      Object.fromEntries(
        declared.flatMap(({ name, type }) => (random.chance(0.2) ? [] : [[name, randomValue(type, random)]])),
      ),
    ),
  };
}

function literal(type: GraphQLInputType, random: Random): string {
  if (isEnumType(type)) return random.maybePick(type.getValues())?.name ?? 'null';
  switch (String(type)) {
    case 'Int':
      return '3';
    case 'Float':
      return random.pick(['3', '2.5']);
    case 'Boolean':
      return 'true';
    case 'ID':
      return random.pick(['"i"', '4']);
    default:
      return '"s"';
  }
}

/** Returns a value of an input type, as JSON has it. */
function randomValue(type: GraphQLInputType, random: Random): unknown {
  if (isNonNullType(type)) return presentValue(type.ofType, random);
  return random.chance(0.2) ? null : presentValue(type, random);
}

function presentValue(type: GraphQLInputType, random: Random): unknown {
  if (isListType(type))
    return random.chance(0.2) ? presentItem(type.ofType, random) : [randomValue(type.ofType, random)];
  if (isEnumType(type)) return random.maybePick(type.getValues())?.name;
  if (isInputObjectType(type))
    return Object.fromEntries(
      Object.values(type.getFields())
        .filter(
          (field) => (isNonNullType(field.type) && field.defaultValue === undefined) || random.chance(0.5),
        )
        .map((field) => [field.name, randomValue(field.type, random)]),
    );
  const values: Readonly<Record<string, unknown>> = { Int: 3, Float: 2.5, Boolean: true, ID: 'i' };
  return values[String(type)] ?? 's';
}

function presentItem(type: GraphQLInputType, random: Random): unknown {
  return presentValue(isNonNullType(type) ? type.ofType : type, random);
}
