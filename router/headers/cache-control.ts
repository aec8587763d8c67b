/** What one `cache-control` header allows and demands (RFC 9111 section 5.2.2). */
type Directives = ReadonlyMap<string, number | undefined>;

/** Demands: one that any answer makes holds for the whole. */
const DEMANDS = [
  'no-cache',
  'private',
  'must-revalidate',
  'proxy-revalidate',
  'must-understand',
  'no-transform',
];
/** Permissions: the whole has one only if every answer gives it. */
const PERMISSIONS = ['public', 'immutable'];
const PERIODS = ['s-maxage', 'stale-while-revalidate', 'stale-if-error'];

/** One header that allows nothing which any of these does not allow. Unknown directives are left out. */
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
    // A lifetime for shared caches is also a permission for them.
    if (every(name) && !(name === 's-maxage' && isPrivate))
      merged.push(`${name}=${Math.min(...all.map((directives) => directives.get(name) ?? 0))}`);
  }
  return merged.length === 0 ? 'no-store' : merged.join(', ');
}

/** The same permissions for the caller's own cache only; shared caches must not keep the response (RFC 9111 section 5.2.2.7). */
export function restrictToPrivate(header: string): string {
  const directives = header.split(',').map((directive) => directive.trim());
  if (directives.includes('no-store')) return header;
  const kept = directives.filter((directive) => !SHARED_ONLY.test(directive));
  return ['private', ...kept].join(', ');
}

const SHARED_ONLY = /^(?:public|private|s-maxage|proxy-revalidate)(?:=|$)/;

/** The shortest lifetime that is named; who names none has promised nothing. */
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

// `private="set-cookie"` restricts one field; taken as `private` it restricts more, never less.
function withoutQuoted(header: string): string {
  return header.replaceAll(/"(\d+)"/g, '$1').replaceAll(/"[^"]*"?/g, '');
}

/** Of a directive given twice the shorter counts; what is no number of seconds counts as none (section 4.2.1). */
function shorter(known: number | undefined, value = ''): number {
  const seconds = /^\d{1,10}$/.test(value) ? Number(value) : 0;
  return known === undefined ? seconds : Math.min(known, seconds);
}
