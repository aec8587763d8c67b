import { GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString, isEnumType } from 'graphql';
import type { GraphQLLeafType } from 'graphql';
import { jsonText } from './json.ts';

/** The JSON text of a leaf value; `null` when it is not a value of the type. */
export type WriteLeaf = (value: unknown) => string | null;

const MAX_INT = 2 ** 31 - 1;
const MIN_INT = -(2 ** 31);

/** Result coercion (GraphQL, section 3.5), for values that came as JSON. Custom scalars pass as they are. */
export function leafWriter(type: GraphQLLeafType): WriteLeaf {
  if (isEnumType(type)) {
    const texts = new Map<unknown, string>(type.getValues().map(({ name }) => [name, JSON.stringify(name)]));
    return (value) => texts.get(value) ?? null;
  }
  switch (type.name) {
    case GraphQLInt.name:
      return writeInt;
    case GraphQLFloat.name:
      return writeFloat;
    case GraphQLString.name:
      return writeString;
    case GraphQLBoolean.name:
      return writeBoolean;
    case GraphQLID.name:
      return writeId;
    default:
      return jsonText;
  }
}

function writeInt(value: unknown): string | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= MIN_INT && value <= MAX_INT
    ? `${value}`
    : null;
}

function writeFloat(value: unknown): string | null {
  return typeof value === 'number' && Number.isFinite(value) ? `${value}` : null;
}

function writeString(value: unknown): string | null {
  return typeof value === 'string' ? JSON.stringify(value) : null;
}

function writeBoolean(value: unknown): string | null {
  return typeof value === 'boolean' ? `${value}` : null;
}

function writeId(value: unknown): string | null {
  if (typeof value === 'string') return JSON.stringify(value);
  // Above 2^53 the digits that were sent are lost already.
  return typeof value === 'number' && Number.isSafeInteger(value) ? `"${value}"` : null;
}
