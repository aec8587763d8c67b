/** Returns a URL without credentials and query, because these may contain a token. */
export function shownUrl(url: URL | string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
