import { assert, integer, nat, property, tuple } from '../support/runs/properties.ts';
import { parseValue } from 'graphql';
import { describe, expect, test } from 'vitest';
import { dateTimeScalar, decimalScalar } from '../../subgraphs/shop/scalars.ts';

describe('a Decimal', () => {
  test('keeps its digits, in a literal and in a variable', () => {
    const digits = tuple(nat(), integer({ min: 0, max: 999_999 })).map(([whole, part]) => {
      return `${whole}.${String(part).padStart(6, '0')}`;
    });
    assert(
      property(digits, (text) => {
        expect(decimalScalar.parseValue(text)).toBe(text);
        expect(decimalScalar.parseLiteral(parseValue(text))).toBe(text);
        expect(decimalScalar.serialize(text)).toBe(text);
      }),
    );
  });

  test.each([1.5, 1e21, '1e5', '01', '.5', '1.', ' 1', '', 'NaN', true, null, '1'.repeat(17), '1.1234567'])(
    'is not %j',
    (value) => {
      expect(() => decimalScalar.parseValue(value)).toThrow('Not a Decimal');
    },
  );
});

describe('a DateTime', () => {
  test('is a moment, with any offset', () => {
    const moment = new Date('2026-05-01T12:00:00.000Z');
    expect(dateTimeScalar.parseValue('2026-05-01T14:00:00+02:00')).toEqual(moment);
    expect(dateTimeScalar.parseLiteral(parseValue('"2026-05-01T12:00:00Z"'))).toEqual(moment);
    expect(dateTimeScalar.serialize(moment)).toBe('2026-05-01T12:00:00.000Z');
  });

  test.each(['2026-05-01', '2026-05-01T12:00:00', '2026-13-01T12:00:00Z', 'yesterday', 0, null])(
    'is not %j',
    (value) => {
      expect(() => dateTimeScalar.parseValue(value)).toThrow('Not a DateTime');
    },
  );
});
