import { Kind, isScalarType, valueFromASTUntyped } from 'graphql';
import type { GraphQLSchema, ValueNode } from 'graphql';
import type { ExactNumber } from '../../router/shared/exact-json.ts';
import { hash } from './random.ts';

/** A number as JSON and GraphQL write it. */
function raw(text: string): ExactNumber {
  return JSON.rawJSON(text);
}

/** Numbers that doubles cannot represent, or print differently. */
const WRITTEN = [
  '9007199254740993',
  '9007199254740995',
  '-9223372036854775808',
  '18446744073709551615',
  '1.0',
  '12.50',
  '0.1000000000000000055',
  '0.123456789012345678901234567890',
  '123456789012345678901234567890.5',
  '1E5',
  '0.0000001',
] as const;

/** Returns a value of the scalar `Exact`; a double if the dataset is not exact. */
export function exactValue(seed: string, isExact: boolean): unknown {
  const number = hash(`${seed} exact`);
  const text = WRITTEN[number % WRITTEN.length] ?? '1.0';
  const value = isExact ? raw(text) : Number(text);
  return number % 5 === 0 ? { blob: [value, { deep: value }], __proto: 'x' } : value;
}

/** Argument values: written numbers, alone or within lists and objects. */
export const EXACT_INPUTS: readonly [unknown, ...unknown[]] = [
  7,
  ...WRITTEN.map(raw),
  { a: raw('9007199254740993'), list: [raw('1.0'), 'x', null, 2] },
  [raw('0.1000000000000000055')],
];

// Doubles of this size are 256 apart, so none of the first 255 serials is one.
const FIRST_SERIAL = 2n ** 60n + 1n;

/** A 64-bit key. Neighbouring keys are the same double. */
export function serialOf(number: number, isExact: boolean): unknown {
  return isExact ? raw(String(FIRST_SERIAL + BigInt(number))) : 5_000 + number;
}

export function numberOfSerial(value: unknown): number | undefined {
  if (typeof value === 'number') return numberIn(value < 10_000 ? BigInt(value) - 5_000n : BigInt(value));
  return JSON.isRawJSON(value) ? numberIn(BigInt(value.rawJSON)) : undefined;
}

function numberIn(serial: bigint): number {
  return Number(serial >= FIRST_SERIAL ? serial - FIRST_SERIAL : serial);
}

/** Makes the scalars of a schema read numbers from literals as they are written. */
export function readsExactly(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isScalarType(type) && (type.name === 'Exact' || type.name === 'Blob')) type.parseLiteral = written;
  }
  return schema;
}

function written(node: ValueNode, variables?: Parameters<typeof valueFromASTUntyped>[1]): unknown {
  if (node.kind === Kind.INT || node.kind === Kind.FLOAT) return raw(node.value);
  if (node.kind === Kind.LIST) return node.values.map((item) => written(item, variables));
  if (node.kind !== Kind.OBJECT) return valueFromASTUntyped(node, variables);
  return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, written(value, variables)]));
}

/** Parses JSON with every number as its text. */
export function parseWritten(text: string): unknown {
  return JSON.parse(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined ? raw(source) : value,
  );
}
