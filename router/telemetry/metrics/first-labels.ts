import { isErrorCode } from '../../shared/errors.ts';

/**
 * Creates the function that returns a value as a label value. After the first `max` different values it
 * returns `other` for new ones. It is for values that clients cannot choose freely.
 */
export function createFirstLabels(max: number, other: string): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= max) return other;
    known.add(value);
    return value;
  };
}

const MAX_FOREIGN_CODES = 50;

/**
 * Creates the function that returns an error code as the value of a label. Beyond 50 codes of subgraphs it
 * returns `OTHER`, because a subgraph may return any number of codes.
 */
export function createCodeLabels(): (code: string) => string {
  const foreign = createFirstLabels(MAX_FOREIGN_CODES, 'OTHER');
  return (code) => {
    if (isErrorCode(code)) return code;
    return /^[A-Z][A-Z_]{2,40}$/.test(code) ? foreign(code) : 'OTHER';
  };
}
