import { valueFromASTUntyped } from 'graphql';
import type { FieldNode } from 'graphql';
import { RouterError } from '../errors.ts';
import type { FieldCost, Variables } from './cost-model.ts';

/** Compiles the number of items that `@listSize` says; undefined where it says nothing. */
export function compileListSize(
  field: FieldCost,
  node: FieldNode,
): (variables: Variables) => number | undefined {
  const { listSize, coordinate } = field;
  if (listSize === undefined) return () => undefined;
  const { assumed, slicingArguments, requireOneSlicingArgument } = listSize;
  const slices = slicingArguments.map((name) => compileSlice(name, field, node));

  return (variables) => {
    const sizes = slices.map((slice) => slice(variables)).filter((size) => size !== undefined);
    if (requireOneSlicingArgument && sizes.length !== 1) {
      const list = slicingArguments.join(', ');
      throw new RouterError('BAD_USER_INPUT', `${coordinate} needs exactly one of these arguments: ${list}`);
    }
    return sizes.length === 0 ? assumed : Math.max(...sizes, 0);
  };
}

function compileSlice(
  name: string,
  field: FieldCost,
  node: FieldNode,
): (variables: Variables) => number | undefined {
  const fallback = wholeNumber(
    field.definition.args.find((argument) => argument.name === name)?.defaultValue,
  );
  const given = node.arguments?.find((argument) => argument.name.value === name)?.value;
  if (given === undefined) return () => fallback;
  return (variables) => {
    const value: unknown = valueFromASTUntyped(given, variables);
    // A variable that was not sent leaves the argument to its default; null is a value, and no size.
    return value === undefined ? fallback : wholeNumber(value);
  };
}

// What is no whole number is refused when the variables are coerced.
function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}
