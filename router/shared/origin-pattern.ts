/** An origin of `cors.origins`, or a pattern of several. */
export type OriginPattern = {
  readonly scheme: string;
  /** Host name, or the domain below which all names match. */
  readonly host: string;
  readonly isWildcard: boolean;
  /** `*` matches every port; undefined is the default port of the scheme. */
  readonly port: string | undefined;
};

const WRITTEN =
  /^([a-z][a-z\d+.-]*):\/\/(\*\.)?(\[[\da-f:.]+\]|[a-z\d_-]+(?:\.[a-z\d_-]+)*)(?::(\d{1,5}|\*))?$/i;
const SENT = /^([a-z][a-z\d+.-]*):\/\/(\[[\da-f:.]+\]|[a-z\d_-]+(?:\.[a-z\d_-]+)*)(?::(\d{1,5}))?$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };

/** Describes why a text is not an origin or a pattern of origins; undefined if it is one. */
export function originFault(text: string): string | undefined {
  if (text === '*' || text === 'null') return undefined;
  if (/^[^/]+:\/\/[^/]*\/.*$/.test(text)) return 'an origin has no path and no slash at its end';
  const pattern = parseOriginPattern(text);
  if (pattern === undefined)
    return 'is not an origin such as https://shop.example, https://*.shop.example or http://localhost:*';
  const { scheme, host, isWildcard, port } = pattern;
  if (port !== undefined && DEFAULT_PORTS[scheme] === port)
    return `browsers leave out the default port; write it without :${port}`;
  if (isWildcard && !host.includes('.') && host !== 'localhost')
    return `*.${host} would match every site below ${host}; name a domain`;
  return undefined;
}

/** Reads an origin or a pattern; undefined if the text is neither. */
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

/** Whether the pattern matches an Origin header. Names are compared label by label, never as a regular expression. */
export function matchesOrigin(pattern: OriginPattern, origin: string): boolean {
  const [, scheme, host, port] = SENT.exec(origin) ?? [];
  if (scheme !== pattern.scheme || host === undefined) return false;
  if (pattern.port !== '*' && pattern.port !== port) return false;
  return pattern.isWildcard ? host.endsWith(`.${pattern.host}`) : host === pattern.host;
}
