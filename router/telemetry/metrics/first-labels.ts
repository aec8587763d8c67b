import { isErrorCode } from '../../shared/errors.ts';

/**
 * Creates the function that limits the values of a metric label: it returns the first `max` different values
 * unchanged, and `other` for all later ones. Clients must not be able to choose these values, because a
 * client could use up all of them.
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
 * Creates the function that returns an error code as a label value. After 50 different codes of subgraphs it
 * returns `OTHER` for new ones, because a subgraph may return any number of codes.
 */
export function createCodeLabels(): (code: string) => string {
  const foreign = createFirstLabels(MAX_FOREIGN_CODES, 'OTHER');
  return (code) => {
    if (isErrorCode(code)) return code;
    return /^[A-Z][A-Z_]{2,40}$/.test(code) ? foreign(code) : 'OTHER';
  };
}
