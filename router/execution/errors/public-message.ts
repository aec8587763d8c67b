import type { SubgraphError } from '../../request/subgraph-request.ts';

const LONGEST = 2_000;
// The lookbehinds of `STACK` and `URLS` let a match begin only at the start of a run of white space or of URL
// characters, so that the run is read only once. Otherwise a message of 2,000 line feeds would take 10 ms.
// Clients may choose the text of a message.
const STACK = /(?<!\s)[^\S\n]*\n\s+at [\s\S]*$/;
const URLS = /(?<![a-z\d+.-])[a-z\d+.-]+:\/\/[^\s"'<>)\]}]*/gi;
const ADDRESSES = /(?:\b(?:\d{1,3}\.){3}\d{1,3}|\[[\da-f:]+\]|\blocalhost):\d+\b/gi;

/** Message that clients receive instead of a subgraph's message that they must not see. */
export const MASKED_MESSAGE = 'The service reported an error.';

/**
 * Removes stacks, URLs and addresses from the message of a subgraph's error. Exceptions of a subgraph's
 * libraries may contain hosts of the internal network.
 */
export function publicMessage(message: string): string {
  return message
    .slice(0, LONGEST)
    .replace(STACK, '')
    .replaceAll(URLS, '(address)')
    .replaceAll(ADDRESSES, '(address)');
}

/**
 * Returns whether clients may see the code of a subgraph's error. It must be a single word of limited length.
 */
export function isPublicCode(code: unknown): code is string {
  return typeof code === 'string' && /^[\w.:-]{1,64}$/.test(code);
}

/**
 * Returns whether an error of a subgraph is an unexpected exception. Servers give such errors the code
 * `INTERNAL_SERVER_ERROR` or none.
 */
export function isInternalError({ extensions }: SubgraphError): boolean {
  const code = extensions?.['code'];
  return !isPublicCode(code) || code === 'INTERNAL_SERVER_ERROR';
}
