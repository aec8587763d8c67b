import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isScalarType,
  isSpecifiedScalarType,
} from 'graphql';
import type { GraphQLField, GraphQLInputType, GraphQLSchema } from 'graphql';
import type { Config } from '../../config/config-schema.ts';
import { placeIn } from '../../config/yaml/read-yaml.ts';
import { limitsOf } from '../../cost/field-limits.ts';
import { fieldsAt } from '../../degradation/coordinates.ts';
import { suggestion } from './unknown-names.ts';

const ARGUMENT = 'argument:';

/**
 * Returns an error message for each rate limit that counts the calls of a field by an argument, or by an
 * input field in it, which the field does not have. All calls would have the same count.
 */
export function unknownArguments(config: Config, schema: GraphQLSchema): readonly string[] {
  const { fields } = config.rateLimit;
  return Object.entries(fields).flatMap(([coordinate, configured]) => {
    const [field] = fieldsAt(schema, coordinate);
    if (field === undefined) return [];
    return limitsOf(fields, coordinate).flatMap(({ per }, index) => {
      if (!per.startsWith(ARGUMENT)) return [];
      const problem = unknownStep(coordinate, field, per.slice(ARGUMENT.length).split('.'));
      const item = Array.isArray(configured) ? [index] : [];
      const path = ['rateLimit', 'fields', coordinate, ...item, 'per'];
      return problem === undefined ? [] : [`${placeIn(config, path)}: ${problem}`];
    });
  });
}

function unknownStep(
  coordinate: string,
  { args }: GraphQLField<unknown, unknown>,
  [name = '', ...members]: readonly string[],
): string | undefined {
  const argument = args.find((each) => each.name === name);
  if (argument === undefined) {
    const names = args.map((each) => each.name);
    const known = names.length === 0 ? 'it has no arguments' : suggestion(name, names, 'its arguments are');
    return `${coordinate} has no argument ${name}; ${known}`;
  }
  let input: GraphQLInputType = argument.type;
  let path = name;
  for (const member of members) {
    if (isListType(getNullableType(input)))
      return `${path} is a list, whose items cannot be counted separately`;
    const type = getNamedType(input);
    // The values of a custom scalar may be objects with any fields.
    if (isScalarType(type) && !isSpecifiedScalarType(type)) return undefined;
    if (!isInputObjectType(type)) return `${path} is of the type ${type.name}, which has no field ${member}`;
    const next = type.getFields()[member];
    if (next === undefined) {
      const known = suggestion(member, Object.keys(type.getFields()), `${type.name} has`);
      return `${type.name} has no field ${member}; ${known}`;
    }
    input = next.type;
    path = `${path}.${member}`;
  }
  return undefined;
}
