import type { FieldNode } from 'graphql';
import { locationsOf } from '../shared/graphql/document-location.ts';
import { RouterError } from '../shared/errors.ts';
import { toDouble } from '../shared/exact-json.ts';
import type { FieldCost, Variables } from './cost-model.ts';
import { compileValue } from './operation-value.ts';
import type { OperationValue } from './operation-value.ts';

/**
 * Compiles the function that returns how many items a list field has according to its `@listSize`. The
 * compiled function returns undefined if the field has no `@listSize` or the directive gives no size.
 */
export function compileListSize(
  field: FieldCost,
  node: FieldNode,
): (variables: Variables) => number | undefined {
  const { listSize } = field;
  if (listSize === undefined) return () => undefined;
  const slices = listSize.slicingArguments.map((name) => compileSlice(name, field, node));
  const sizeFor = (variables: Variables) => sizeOf(field, node, readSizes(slices, variables));
  if (slices.some(({ given }) => given?.isConstant === false)) return sizeFor;
  const constant = readSizes(slices, {});
  return () => sizeOf(field, node, constant);
}

type Slice = { readonly given: OperationValue | undefined; readonly fallback: number | undefined };

function compileSlice(name: string, field: FieldCost, node: FieldNode): Slice {
  const definition = field.definition.args.find((argument) => argument.name === name);
  const given = node.arguments?.find((argument) => argument.name.value === name)?.value;
  return { given: given && compileValue(given), fallback: wholeNumber(definition?.defaultValue) };
}

function readSizes(slices: readonly Slice[], variables: Variables): readonly number[] {
  const sizes: number[] = [];
  for (const { given, fallback } of slices) {
    const value = given?.read(variables);
    // If a slicing argument is a variable without a value, the argument's default applies. If the value is
    // null, no default applies, and the argument gives no list size.
    const size = value === undefined ? fallback : wholeNumber(value);
    if (size !== undefined) sizes.push(size);
  }
  return sizes;
}

function sizeOf(
  { listSize, coordinate }: FieldCost,
  node: FieldNode,
  sizes: readonly number[],
): number | undefined {
  if (listSize === undefined) return undefined;
  if (listSize.requireOneSlicingArgument && sizes.length !== 1) {
    const list = listSize.slicingArguments.join(', ');
    throw new RouterError(
      'BAD_USER_INPUT',
      `${coordinate} requires exactly one of these arguments: ${list}`,
      {
        locations: locationsOf(node),
      },
    );
  }
  return sizes.length === 0 ? listSize.assumed : Math.max(...sizes, 0);
}

// Returns the value if it is a whole number; undefined for any other value, which validation of the variables
// rejects later.
function wholeNumber(value: unknown): number | undefined {
  const double = toDouble(value);
  return typeof double === 'number' && Number.isSafeInteger(double) ? double : undefined;
}
