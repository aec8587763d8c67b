import { fail } from '../shared/errors.ts';

const maxIdLength = 128;

/** Validates an id or key from a client before it is stored or looked up. */
export function readId(argument: string, id: string): string {
  if (id.length >= 1 && id.length <= maxIdLength) return id;
  return fail('BAD_USER_INPUT', `"${argument}" must have 1 to ${maxIdLength} characters.`);
}
