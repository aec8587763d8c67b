import type { Config } from '../config/config-schema.ts';
import type { SubgraphResponse } from '../request/subgraph-request.ts';
import { mergeCacheControl } from './cache-control.ts';
import { isProtectedResponseHeader } from '../shared/http/protected-headers.ts';
import { mergeVary } from './vary.ts';
import { compileRules, rulesFor, wholeName } from './rules.ts';
import type { PropagatedHeader, Carry, HeaderRule } from './rules.ts';

/** Headers of a response to a client. If a value is a list, each item is sent as a separate header line. */
export type ResponseHeaders = Readonly<Record<string, string | string[]>>;

/** Collects the response headers of subgraphs during one execution. */
export type HeaderCollection = {
  add(subgraph: string, response: SubgraphResponse): void;
  /**
   * Returns the headers for the client, merged from those of all subgraph responses.
   * @param isWhole false if the response to the client has errors, so that caches must not store it
   */
  headers(isWhole: boolean): ResponseHeaders;
};

/** Creates a `HeaderCollection`, which collects the response headers of subgraphs, for each execution. */
export type HeaderCollector = {
  readonly begin: () => HeaderCollection;
  /**
   * True if a rule sends `set-cookie` to clients. Requests then share no executions, because a cookie is for
   * one client only.
   */
  readonly passesCookies: boolean;
};

/**
 * Creates the collector of subgraph response headers for the configured rules; undefined if no rule applies
 * to responses.
 */
export function createHeaderCollector(rules: Config['headers']): HeaderCollector | undefined {
  const forAll = compileRules(rules.response, isProtectedResponseHeader);
  const special = new Map(
    Object.keys(rules.subgraphs).map((name) => [
      name,
      compileRules(rulesFor(rules, name, 'response'), isProtectedResponseHeader),
    ]),
  );
  if (forAll === undefined && [...special.values()].every((carry) => carry === undefined)) return undefined;
  const every = [...rules.response, ...Object.values(rules.subgraphs).flatMap(({ response }) => response)];
  return {
    begin: () => beginCollection((subgraph) => special.get(subgraph) ?? forAll),
    passesCookies: every.some(passesCookies),
  };
}

function passesCookies({ propagate, insert }: HeaderRule): boolean {
  if (insert !== undefined) return insert.name.toLowerCase() === 'set-cookie';
  if (propagate === undefined) return false;
  const { named, rename, matching } = propagate;
  if (matching !== undefined) return wholeName(matching).test('set-cookie');
  return [named, rename].some((name) => name?.toLowerCase() === 'set-cookie');
}

function beginCollection(carryFor: (subgraph: string) => Carry | undefined): HeaderCollection {
  const gathered = new Map<string, PropagatedHeader>();
  /** Values of `cache-control` and its variants, such as `cdn-cache-control`, for each subgraph response. */
  const cacheControls: ReadonlyMap<string, readonly string[]>[] = [];

  return {
    add(subgraph, response) {
      const from = response.kind === 'received' ? (response.headers ?? {}) : undefined;
      const carried = from && carryFor(subgraph)?.(from);
      const isWhole = response.kind === 'received' && response.errors.length === 0;
      cacheControls.push(cacheControlsOf(carried ?? new Map(), isWhole));
      for (const [name, header] of carried ?? [])
        if (!isCacheControl(name)) gathered.set(name, merged(name, gathered.get(name), header));
      // If a rule passes on `cache-control` or a variant of this header, caches may store the response. These
      // caches need the subgraph's `vary` header, so `vary` is passed on even without a rule.
      if (from?.['vary'] !== undefined && [...(carried?.keys() ?? [])].some(isCacheControl)) {
        const vary: PropagatedHeader = { values: [from['vary']], merge: 'append' };
        gathered.set('vary', merged('vary', gathered.get('vary'), vary));
      }
    },

    headers: (isWhole) => ({
      ...Object.fromEntries([...gathered].map(([name, { values }]) => [name, written(name, values)])),
      ...mergeCacheControls(cacheControls, isWhole),
    }),
  };
}

/**
 * Returns whether a header is `cache-control`, or its variant for specific caches: `cdn-cache-control` (RFC
 * 9213) or `surrogate-control`.
 */
export function isCacheControl(name: string): boolean {
  return /(?:^|-)(?:cache|surrogate)-control$/.test(name);
}

function cacheControlsOf(
  carried: ReadonlyMap<string, PropagatedHeader>,
  isWhole: boolean,
): ReadonlyMap<string, readonly string[]> {
  const entries = [...carried].filter(([name]) => isCacheControl(name));
  return new Map(entries.map(([name, { values }]) => [name, isWhole ? values : ['no-store']]));
}

function mergeCacheControls(
  responses: readonly ReadonlyMap<string, readonly string[]>[],
  isWhole: boolean,
): Record<string, string> {
  const names = new Set(responses.flatMap((response) => [...response.keys()]));
  // If one subgraph response lacks `cache-control`, it does not permit caching, so it counts as `no-store`.
  const merge = (name: string) =>
    mergeCacheControl(responses.flatMap((response) => response.get(name) ?? ['no-store']));
  return Object.fromEntries([...names].map((name) => [name, isWhole ? merge(name) : 'no-store']));
}

function merged(
  name: string,
  known: PropagatedHeader | undefined,
  added: PropagatedHeader,
): PropagatedHeader {
  if (known === undefined) return added;
  if (name === 'set-cookie' || name === 'vary' || added.merge === 'append')
    return { ...added, values: [...known.values, ...added.values] };
  return added.merge === 'first' ? known : added;
}

function written(name: string, values: readonly string[]): string | string[] {
  if (name === 'vary') return mergeVary(values);
  return name === 'set-cookie' ? [...values] : values.join(', ');
}
