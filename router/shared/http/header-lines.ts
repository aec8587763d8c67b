import { errors } from 'undici';
import { HEADER_NAME, HEADER_VALUE } from './header-syntax.ts';

// Maximum number of header names that are remembered as valid, so that each is checked only once. The router
// sends few different names.
const MAX_NAMES = 512;
const validNames = new Set<string>();

/**
 * Returns headers as the lines of an HTTP request, each with its line end.
 * @param pairs names and values in turn: `[name, value, name, …]`
 * @throws {InvalidArgumentError} if a name or value cannot be sent
 */
export function headerLines(pairs: readonly string[]): string {
  const parts: string[] = [];
  for (let index = 0; index < pairs.length; index += 2) {
    const name = pairs[index] ?? '';
    const value = pairs[index + 1] ?? '';
    checkName(name);
    if (!HEADER_VALUE.test(value)) throw new errors.InvalidArgumentError(`invalid value of header ${name}`);
    parts.push(name, ': ', value, '\r\n');
  }
  // `join` creates one contiguous string. Strings that are concatenated with `+` would take more memory, and
  // be slower to copy into each request.
  return parts.join('');
}

function checkName(name: string): void {
  if (validNames.has(name)) return;
  if (!HEADER_NAME.test(name))
    throw new errors.InvalidArgumentError(`invalid header name ${JSON.stringify(name)}`);
  if (validNames.size < MAX_NAMES) validNames.add(name);
}
