import { createHash } from 'node:crypto';
import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isScalarType,
} from 'graphql';
import type { GraphQLFieldResolver, GraphQLOutputType, GraphQLResolveInfo, GraphQLSchema } from 'graphql';
import { isRecord } from '../../router/shared/is-record.ts';

/** An object of a mock. Fields that are absent have invented values, which depend only on `seed`. */
type MockObject = { readonly __typename: string; readonly [seed]: string; readonly [field: string]: unknown };

const seed = Symbol('seed');
const LIST_LENGTH = 2;

/**
 * Resolves a field of a mock: to the value that the object has, such as a key field of an entity, else to an
 * invented value. The same field of the same object always has the same value.
 */
export const resolveMock: GraphQLFieldResolver<unknown, unknown> = (
  source,
  args: Record<string, unknown>,
  _context,
  info,
) => {
  // An own property only: a field may be called `constructor`.
  const known =
    isRecord(source) && Object.hasOwn(source, info.fieldName) ? source[info.fieldName] : undefined;
  const place = `${seedOf(source)}/${info.fieldName}(${JSON.stringify(args)})`;
  return known === undefined
    ? invent(info.returnType, { place, args, info })
    : asMock(known, info.returnType);
};

/** Returns the entity that a representation names; it has the fields of the representation. */
export function mockEntity(representation: unknown): unknown {
  if (!isRecord(representation)) return null;
  return { ...representation, [seed]: JSON.stringify(representation) };
}

type Invention = {
  readonly place: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly info: GraphQLResolveInfo;
};

function invent(type: GraphQLOutputType, invention: Invention): unknown {
  const { place, info } = invention;
  if (isNonNullType(type)) return invent(type.ofType, invention);
  if (isListType(type)) {
    return Array.from({ length: LIST_LENGTH }, (_, index) =>
      invent(type.ofType, { ...invention, place: `${place}[${index}]` }),
    );
  }
  if (isEnumType(type)) return pick(type.getValues(), place)?.value;
  if (isScalarType(type)) return scalar(type.name, info.fieldName, place);
  return inventObject(typeNameOf(info.schema, getNamedType(type).name), invention);
}

/** Arguments become the fields of their name, if they fit: `product(id: 7)` has the id 7. */
function inventObject(typeName: string, { place, args, info }: Invention): MockObject {
  const type = info.schema.getType(typeName);
  const fields = isCompositeType(type) && 'getFields' in type ? type.getFields() : {};
  const given = Object.entries(args).filter(([name, value]) => {
    const field = fields[name];
    return field !== undefined && permits(field.type, value);
  });
  return { ...Object.fromEntries(given), __typename: typeName, [seed]: place };
}

/** Whether a field with this type may have the value of an argument. Null stands for no value. */
function permits(type: GraphQLOutputType, value: unknown): boolean {
  const inner = getNullableType(type);
  if (isListType(inner)) return Array.isArray(value) && value.every((item) => permits(inner.ofType, item));
  if (!isLeafType(inner) || value === null || isRecord(value)) return false;
  try {
    inner.serialize(value);
    return true;
  } catch {
    return false;
  }
}

function typeNameOf(schema: GraphQLSchema, name: string): string {
  const type = schema.getType(name);
  if (!isAbstractType(type)) return name;
  const names = schema.getPossibleTypes(type).map((possible) => possible.name);
  return names.toSorted()[0] ?? name;
}

function scalar(type: string, field: string, place: string): unknown {
  const number = numberOf(place);
  switch (type) {
    case 'Int':
      return number;
    case 'Float':
      return number + 0.5;
    case 'Boolean':
      return number % 2 === 0;
    case 'ID':
      return String(number);
    default:
      // Custom scalars: a date for names such as DateTime, else a text.
      return /date|time/i.test(type) && type !== 'String'
        ? new Date(Date.UTC(2026, 0, 1 + (number % 365))).toISOString()
        : `${field} ${number}`;
  }
}

/** A value that the object has may contain objects of its own. */
function asMock(value: unknown, type: GraphQLOutputType): unknown {
  if (Array.isArray(value)) return value.map((item) => asMock(item, type));
  if (!isRecord(value) || !isCompositeType(getNamedType(type)) || seed in value) return value;
  return { ...value, [seed]: JSON.stringify(value) };
}

function seedOf(source: unknown): string {
  return isRecord(source) && seed in source ? String(source[seed as never]) : '';
}

function pick<Item>(items: readonly Item[], place: string): Item | undefined {
  return items[numberOf(place) % items.length];
}

/** Returns a number from 0 to 999 that depends only on the place. */
function numberOf(place: string): number {
  return createHash('sha256').update(place).digest().readUInt32BE() % 1_000;
}
