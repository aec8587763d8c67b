/**
 * Directives of a `cache-control` header by name, with their seconds if they have any (RFC 9111 section
 * 5.2.2).
 */
type Directives = ReadonlyMap<string, number | undefined>;

/**
 * Directives that restrict caching, such as `no-store`. The merged header has such a directive if at least
 * one subgraph sent it.
 */
const DEMANDS = [
  'no-cache',
  'private',
  'must-revalidate',
  'proxy-revalidate',
  'must-understand',
  'no-transform',
];
/**
 * Directives that permit caching, such as `public`. The merged header has such a directive only if all
 * subgraphs sent it.
 */
const PERMISSIONS = ['public', 'immutable'];
const PERIODS = ['s-maxage', 'stale-while-revalidate', 'stale-if-error'];

/**
 * Merges the `cache-control` headers of several subgraph responses into one, which permits caching only if
 * all of them permit it. Unknown directives are omitted.
 */
export function mergeCacheControl(headers: readonly string[]): string {
  const all = headers.map(parse);
  const some = (name: string) => all.some((directives) => directives.has(name));
  const every = (name: string) => all.every((directives) => directives.has(name));
  if (all.length === 0 || some('no-store')) return 'no-store';

  const isPrivate = some('private');
  const merged = [
    ...DEMANDS.filter(some),
    ...PERMISSIONS.filter((name) => every(name) && !(name === 'public' && isPrivate)),
  ];
  if (some('max-age') || some('s-maxage')) merged.push(`max-age=${Math.min(...all.map(lifetime))}`);
  for (const name of PERIODS) {
    // `s-maxage` permits shared caches to store the response, so a private response must not have it.
    if (every(name) && !(name === 's-maxage' && isPrivate))
      merged.push(`${name}=${Math.min(...all.map((directives) => directives.get(name) ?? 0))}`);
  }
  return merged.length === 0 ? 'no-store' : merged.join(', ');
}

/**
 * Removes directives that permit shared caches to store a response, because the response is private (RFC 9111
 * section 5.2.2.7).
 */
export function restrictToPrivate(header: string): string {
  const directives = header.split(',').map((directive) => directive.trim());
  if (directives.includes('no-store')) return header;
  const kept = directives.filter((directive) => !SHARED_ONLY.test(directive));
  return ['private', ...kept].join(', ');
}

const SHARED_ONLY = /^(?:public|private|s-maxage|proxy-revalidate)(?:=|$)/;

/** Returns the lifetime in seconds: the shorter one of `max-age` and `s-maxage`; zero without `max-age`. */
function lifetime(directives: Directives): number {
  const named = ['max-age', 's-maxage'].flatMap((name) => directives.get(name) ?? []);
  return directives.has('max-age') ? Math.min(...named) : 0;
}

function parse(header: string): Directives {
  const directives = new Map<string, number | undefined>();
  for (const part of withoutQuoted(header).split(',')) {
    const [name = '', value] = part.trim().toLowerCase().split('=');
    if (name === '') continue;
    directives.set(name, shorter(directives.get(name), value));
  }
  return directives;
}

// Removes quoted field names: `private="set-cookie"` restricts one header field only, and becomes `private`,
// which is stricter.
function withoutQuoted(header: string): string {
  return header.replaceAll(/"(\d+)"/g, '$1').replaceAll(/"[^"]*"?/g, '');
}

/**
 * Returns the shorter of two lifetimes in seconds, for a header that has a directive twice. An invalid
 * lifetime counts as zero (RFC 9111 section 4.2.1).
 */
function shorter(known: number | undefined, value = ''): number {
  const seconds = /^\d{1,10}$/.test(value) ? Number(value) : 0;
  return known === undefined ? seconds : Math.min(known, seconds);
}
