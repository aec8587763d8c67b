import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
} from 'graphql';
import type { GraphQLOutputType } from 'graphql';
import { idDigits, isExactNumber, toDouble } from '../../shared/exact-json.ts';
import { isJsonObject } from '../../shared/json.ts';

/** Returns whether a JSON value has the expected type. The fields of an object are not checked. */
export type ValueCheck = (value: unknown) => boolean;

/** Returns the function that checks values of a type, including null and the items of lists. */
export function valueCheck(type: GraphQLOutputType): ValueCheck {
  if (isNonNullType(type)) {
    const check = valueCheck(type.ofType);
    return (value) => value !== null && check(value);
  }
  const check = presentCheck(type);
  return (value) => value === null || check(value);
}

function presentCheck(type: GraphQLOutputType): ValueCheck {
  if (isListType(type)) {
    const check = valueCheck(type.ofType);
    return (value) => Array.isArray(value) && value.every(check);
  }
  if (isCompositeType(type)) return isJsonObject;
  if (isEnumType(type)) return (value) => typeof value === 'string' && type.getValue(value) !== undefined;
  switch (type) {
    case GraphQLInt:
      return (value) => {
        const double = toDouble(value);
        return typeof double === 'number' && (double | 0) === double;
      };
    case GraphQLFloat:
      return (value) => Number.isFinite(toDouble(value));
    case GraphQLString:
      return (value) => typeof value === 'string';
    case GraphQLBoolean:
      return (value) => typeof value === 'boolean';
    case GraphQLID:
      return (value) =>
        typeof value === 'string' ||
        Number.isSafeInteger(value) ||
        (isExactNumber(value) && idDigits(value) !== undefined);
    default:
      return () => true;
  }
}
