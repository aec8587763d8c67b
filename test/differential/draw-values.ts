import {
  Kind,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  parse,
  typeFromAST,
} from 'graphql';
import type { GraphQLInputType, GraphQLSchema } from 'graphql';
import { EXACT_INPUTS } from './exact-values.ts';
import type { Random } from './random.ts';

/** Draws other values for the variables of a document; some of the optional ones are absent or null. */
export function drawVariables(
  schema: GraphQLSchema,
  document: string,
  random: Random,
): Record<string, unknown> {
  const definitions = parse(document).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? (definition.variableDefinitions ?? []) : [],
  );
  return Object.fromEntries(
    definitions.flatMap(({ variable, type: node }) => {
      const type = typeFromAST(schema, node);
      if (!isInputType(type)) throw new Error(`${variable.name.value} is of no input type`);
      if (!isNonNullType(type) && random.chance(0.2)) return [];
      const isNull = !isNonNullType(type) && random.chance(0.1);
      return [[variable.name.value, isNull ? null : inputValue(random, type)]];
    }),
  );
}

export function inputValue(random: Random, type: GraphQLInputType, depth = 2): unknown {
  if (isNonNullType(type)) return inputValue(random, type.ofType, depth);
  if (isListType(type))
    return random.chance(0.2)
      ? inputValue(random, type.ofType, depth)
      : [inputValue(random, type.ofType, depth)];
  if (isEnumType(type)) return random.maybePick(type.getValues())?.name;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(
      (field) =>
        (isNonNullType(field.type) && field.defaultValue === undefined) || (random.chance(0.4) && depth > 0),
    );
    return Object.fromEntries(fields.map((field) => [field.name, inputValue(random, field.type, depth - 1)]));
  }
  switch (type.name) {
    case 'Int':
      return random.int(4);
    case 'Boolean':
      return random.chance(0.5);
    case 'Float':
      return random.int(8) / 2;
    case 'Exact':
      return random.pick(EXACT_INPUTS);
    default:
      return random.pick(['x', 'ü "quoted"\n', '']);
  }
}

export function literal(random: Random, type: GraphQLInputType): string {
  if (!isNonNullType(type) && random.chance(0.1)) return 'null';
  return printLiteral(inputValue(random, type));
}

function printLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printLiteral).join(', ')}]`;
  if (typeof value === 'object' && value !== null && !JSON.isRawJSON(value)) {
    return `{ ${Object.entries(value)
      .map(([name, inner]) => `${name}: ${printLiteral(inner)}`)
      .join(', ')} }`;
  }
  // The only enum that arguments have.
  return typeof value === 'string' && /^(RED|GREEN|BLUE)$/.test(value) ? value : JSON.stringify(value);
}
