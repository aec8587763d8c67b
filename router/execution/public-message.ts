const LONGEST = 2_000;
const STACK = /\n\s+at [\s\S]*$/;
const URLS = /\b[a-z][a-z\d+.-]*:\/\/[^\s"'<>)\]}]*/gi;
const ADDRESSES = /(?:\b(?:\d{1,3}\.){3}\d{1,3}|\[[\da-f:]+\]|\blocalhost):\d+\b/gi;

/**
 * What may leave of an error message of a subgraph: it is meant for clients, but what a library threw in there names
 * the hosts of this network and carries stacks.
 */
export function publicMessage(message: string): string {
  return message
    .slice(0, LONGEST)
    .replace(STACK, '')
    .replaceAll(URLS, '(address)')
    .replaceAll(ADDRESSES, '(address)');
}

/** Whether a code of a subgraph is one: a word, and not an essay. */
export function isPublicCode(code: unknown): code is string {
  return typeof code === 'string' && /^[\w.:-]{1,64}$/.test(code);
}
