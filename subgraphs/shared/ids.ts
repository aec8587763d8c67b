import { fail } from './errors.ts';

const maxIdLength = 128;

/** An id or key that a client made up, or claims to know, and that is going to be stored or looked up. */
export function readId(argument: string, id: string): string {
  if (id.length >= 1 && id.length <= maxIdLength) return id;
  return fail('BAD_USER_INPUT', `"${argument}" must have 1 to ${maxIdLength} characters.`);
}
