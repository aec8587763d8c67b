import type { SubgraphError } from '../../request/subgraph-request.ts';

const LONGEST = 2_000;
const STACK = /\n\s+at [\s\S]*$/;
const URLS = /\b[a-z][a-z\d+.-]*:\/\/[^\s"'<>)\]}]*/gi;
const ADDRESSES = /(?:\b(?:\d{1,3}\.){3}\d{1,3}|\[[\da-f:]+\]|\blocalhost):\d+\b/gi;

/** Replaces a message that clients must not see. */
export const MASKED_MESSAGE = 'The service reported an error.';

/**
 * Returns what clients may see of the message of a subgraph's error. The message is meant for them, but an exception of a
 * library in the subgraph names hosts of this network and has a stack.
 */
export function publicMessage(message: string): string {
  return message
    .slice(0, LONGEST)
    .replace(STACK, '')
    .replaceAll(URLS, '(address)')
    .replaceAll(ADDRESSES, '(address)');
}

/** Whether clients may see a code of a subgraph's error: one word, and not too long. */
export function isPublicCode(code: unknown): code is string {
  return typeof code === 'string' && /^[\w.:-]{1,64}$/.test(code);
}

/** Whether an error is one that its subgraph did not foresee: servers give exceptions this code, or none. */
export function isInternalError({ extensions }: SubgraphError): boolean {
  const code = extensions?.['code'];
  return !isPublicCode(code) || code === 'INTERNAL_SERVER_ERROR';
}
