import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

const decimalPattern = /^-?(0|[1-9]\d{0,15})(\.\d{1,6})?$/;
const dateTimePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i;

/** Exact decimals are strings in JSON, because a JSON number would be read as a binary float. */
export const decimalScalar = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  serialize: (value) => parseDecimal(String(value)),
  parseValue(value) {
    if (typeof value === 'string') return parseDecimal(value);
    if (Number.isSafeInteger(value)) return String(value);
    throw badValue('Decimal', 'write it as a string, such as "19.90", to keep it exact');
  },
  // The AST has the digits of the document, so number literals are exact.
  parseLiteral(node) {
    if (node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT) {
      return parseDecimal(node.value);
    }
    throw badValue('Decimal', 'write it as a string, such as "19.90"');
  },
});

export const dateTimeScalar = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  serialize(value) {
    if (value instanceof Date) return value.toISOString();
    return parseDateTime(value).toISOString();
  },
  parseValue: parseDateTime,
  parseLiteral: (node) => parseDateTime(node.kind === Kind.STRING ? node.value : null),
});

export const shopScalars = { Decimal: decimalScalar, DateTime: dateTimeScalar };

function parseDecimal(text: string): string {
  if (decimalPattern.test(text)) return text;
  throw badValue('Decimal', 'at most 16 digits before and 6 after the point, such as "19.90"');
}

function parseDateTime(value: unknown): Date {
  const date = typeof value === 'string' && dateTimePattern.test(value) ? new Date(value) : null;
  if (date !== null && !Number.isNaN(date.getTime())) return date;
  throw badValue('DateTime', 'an RFC 3339 time with its offset, such as "2026-05-01T12:00:00Z"');
}

function badValue(scalar: string, expected: string): GraphQLError {
  return new GraphQLError(`Not a ${scalar}: ${expected}.`, { extensions: { code: 'BAD_USER_INPUT' } });
}
