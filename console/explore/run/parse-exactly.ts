import { parseExactJson } from '../../../router/shared/exact-json.ts';

/**
 * Parses JSON so that `JSON.stringify` writes its numbers with all their digits. Browsers without
 * `JSON.rawJSON` round them.
 */
export function parseExactly(text: string): unknown {
  return Object.hasOwn(JSON, 'rawJSON') ? parseExactJson(text) : JSON.parse(text);
}
