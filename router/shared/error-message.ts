/** Returns the message of a thrown value of any type. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns the code of a system error, such as `ENOENT`, or the message of another error. */
export function codeOrMessageOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);
}

/**
 * Maximum length of an error message in characters. A message may repeat names of any length that a client
 * sent.
 */
const MESSAGE_LENGTH = 300;

/** Shortens a message to at most a few hundred characters. */
export function shortened(message: string): string {
  return message.length <= MESSAGE_LENGTH ? message : `${message.slice(0, MESSAGE_LENGTH)}…`;
}

/** Returns a URL without credentials and query, because these may contain a token. */
export function shownUrl(url: URL | string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
