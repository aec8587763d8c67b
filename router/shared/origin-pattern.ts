/** An entry of the setting `cors.origins`: an origin, or a pattern that matches several origins. */
export type OriginPattern = {
  readonly scheme: string;
  /**
   * Host name. In a pattern with a wildcard (`*.example.com`), the domain whose subdomains match:
   * `example.com`.
   */
  readonly host: string;
  readonly isWildcard: boolean;
  /** Port; `*` matches every port, undefined means the default port of the scheme. */
  readonly port: string | undefined;
};

const WRITTEN =
  /^([a-z][a-z\d+.-]*):\/\/(\*\.)?(\[[\da-f:.]+\]|[a-z\d_-]+(?:\.[a-z\d_-]+)*)(?::(\d{1,5}|\*))?$/i;
const SENT = /^([a-z][a-z\d+.-]*):\/\/(\[[\da-f:.]+\]|[a-z\d_-]+(?:\.[a-z\d_-]+)*)(?::(\d{1,5}))?$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };

/** Returns why a text is not a valid origin or pattern; undefined if it is valid. */
export function originFault(text: string): string | undefined {
  if (text === '*' || text === 'null') return undefined;
  if (/^[^/]+:\/\/[^/]*\/.*$/.test(text)) return 'an origin has no path and no trailing slash';
  const pattern = parseOriginPattern(text);
  if (pattern === undefined)
    return 'is not a valid origin; expected for example https://shop.example, https://*.shop.example or http://localhost:*';
  const { scheme, host, isWildcard, port } = pattern;
  if (port !== undefined && DEFAULT_PORTS[scheme] === port)
    return `remove the default port :${port}, which browsers do not send`;
  if (isWildcard && !host.includes('.') && host !== 'localhost')
    return `*.${host} would match every site under ${host}; use a more specific domain`;
  return undefined;
}

/** Parses an origin or a pattern; returns undefined if the text is neither. */
export function parseOriginPattern(text: string): OriginPattern | undefined {
  const [, scheme, wildcard, host, port] = WRITTEN.exec(text) ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  return {
    scheme: scheme.toLowerCase(),
    host: host.toLowerCase(),
    isWildcard: wildcard !== undefined,
    port,
  };
}

/**
 * Returns whether an Origin header matches a pattern. `https://*.example.com` matches
 * `https://a.example.com`, but neither `https://example.com` nor `https://badexample.com`.
 */
export function matchesOrigin(pattern: OriginPattern, origin: string): boolean {
  const [, scheme, host, port] = SENT.exec(origin) ?? [];
  if (scheme !== pattern.scheme || host === undefined) return false;
  if (pattern.port !== '*' && pattern.port !== port) return false;
  return pattern.isWildcard ? host.endsWith(`.${pattern.host}`) : host === pattern.host;
}
