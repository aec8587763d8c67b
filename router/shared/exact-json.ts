declare global {
  interface JSON {
    rawJSON(text: string): ExactNumber;
    isRawJSON(value: unknown): value is ExactNumber;
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

/**
 * A JSON number that a double cannot represent or would print differently, such as `9007199254740993`, `1.0`
 * or `1e400`. `JSON.stringify` writes its original digits. No object that `JSON.parse` returns can be
 * mistaken for an `ExactNumber`.
 */
export type ExactNumber = { readonly rawJSON: string };

/**
 * Returns whether a value is an `ExactNumber`. The property `rawJSON` is checked first, because most objects
 * lack it and this is faster than `JSON.isRawJSON`.
 */
export function isExactNumber(value: unknown): value is ExactNumber {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Partial<ExactNumber>).rawJSON !== undefined &&
    JSON.isRawJSON(value)
  );
}

/** Converts an `ExactNumber` to the nearest double; returns any other value unchanged. */
export function toDouble(value: unknown): unknown {
  return isExactNumber(value) ? Number(value.rawJSON) : value;
}

/**
 * Returns the digits of an ID that was sent as a JSON integer, which GraphQL allows. Returns undefined for a
 * number that is not an integer, or that is written with an exponent and exceeds 2^53.
 */
export function idDigits({ rawJSON }: ExactNumber): string | undefined {
  if (/^-?\d+$/.test(rawJSON)) return rawJSON === '-0' ? '0' : rawJSON;
  const value = Number(rawJSON);
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

/**
 * Matches a number that may change if it is read by `JSON.parse` and written by `JSON.stringify`: -0, or a
 * number with 16 or more digits, with an exponent, or with a fraction that is small or ends with 0. The
 * pattern may also match inside a string, which makes parsing slower but changes no value.
 */
const INEXACT = /(?:^|[:[,\s])-?(?:[\d.]{16}|0\.0{6}|\d+(?:\.\d+)?[eE]|\d+\.\d*0(?!\d)|(?<=-)0(?![\d.]))/;

/** Returns whether a JSON text may contain a number that `JSON.parse` would change. */
export function mayBeInexact(text: string): boolean {
  return INEXACT.test(text);
}

/**
 * Parses JSON. A number that would change as a double becomes an `ExactNumber`, which keeps all digits. A
 * text that may contain such numbers takes several times as long as with `JSON.parse`.
 * @throws {SyntaxError}
 */
export function parseExactJson(text: string): unknown {
  if (!mayBeInexact(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined ? exactNumber(source) : value,
  );
}

/**
 * Converts a number literal of JSON or GraphQL to a double or, if a double would print differently, to an
 * `ExactNumber`.
 */
export function exactNumber(text: string): number | ExactNumber {
  const double = Number(text);
  return String(double) === text ? double : JSON.rawJSON(text);
}

/** Returns the same text for all notations of one number: `1` for `1`, `1.0` and `10e-1`. */
export function canonicalNumber(text: string): string {
  const match = /^(-?)0*(\d*)(?:\.(\d+))?(?:[eE](?:\+|(-))?(\d+))?$/.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', down = '', zerosAndExponent = ''] = match;
  const exponent = zerosAndExponent.replace(/^0+/, '');
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = withoutFinalZeros(digits);
  if (significant === '') return '0';
  // Converting an exponent of a million digits would take long. No service can use such a number.
  if (exponent.length > LONGEST_EXPONENT) return text;
  const power =
    BigInt(`${down}${exponent || '0'}`) -
    BigInt(fraction.length) +
    BigInt(digits.length - significant.length);
  if (power >= 0n && power <= MOST_ZEROS) return sign + significant + '0'.repeat(Number(power));
  return `${sign}${significant}e${power}`;
}

const MOST_ZEROS = 30n;
const LONGEST_EXPONENT = 20;

/** Removes zeros from the end in linear time. The pattern `/0+$/` would read each run of zeros many times. */
function withoutFinalZeros(digits: string): string {
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === ZERO) end -= 1;
  return digits.slice(0, end);
}

const ZERO = '0'.charCodeAt(0);

const LONG = 16;

/**
 * Returns whether a JSON text contains an integer of 16 digits or more. Such an integer covers at least one
 * of the positions 15, 31, 47, …, so only every 16th character is examined.
 */
export function hasLongInteger(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (isDigit(text.charCodeAt(at)) && isLongIntegerAt(text, at)) return true;
  }
  return false;
}

function isLongIntegerAt(text: string, at: number): boolean {
  let first = at;
  while (isDigit(text.charCodeAt(first - 1))) first -= 1;
  let last = at;
  while (last - first < LONG && isDigit(text.charCodeAt(last + 1))) last += 1;
  if (last - first + 1 < LONG) return false;
  return /[:[,\s]-?$/.test(text.slice(Math.max(first - 2, 0), first)) || first <= 1;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Returns whether a value is a number, or a list or object that contains one. */
export function holdsNumber(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'number';
  if (Array.isArray(value)) return value.some(holdsNumber);
  return isExactNumber(value) || Object.values(value).some(holdsNumber);
}
