import type { Config } from '../config/config-schema.ts';
import type { SubgraphResponse } from '../execution/subgraph-call.ts';
import { mergeCacheControl } from './cache-control.ts';
import { isProtectedResponseHeader } from './protected-names.ts';
import { compileRules, rulesFor, wholeName } from './rules.ts';
import type { Carried, Carry, HeaderRule } from './rules.ts';

/** Headers of an answer to a client; each value of a list is a line of its own. */
export type ResponseHeaders = Readonly<Record<string, string | string[]>>;

/** Gathers what the subgraphs say in headers during one execution. */
export type HeaderCollection = {
  add(subgraph: string, response: SubgraphResponse): void;
  /** What of it the answer carries; one that is not whole must not be cached. */
  headers(isWhole: boolean): ResponseHeaders;
};

/** How response headers are gathered; undefined where no rule asks for any. */
export type Collecting = {
  readonly begin: () => HeaderCollection;
  /** Cookies are meant for one client: executions that may bring some must not be shared. */
  readonly passesCookies: boolean;
};

export function createCollecting(rules: Config['headers']): Collecting | undefined {
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
  const gathered = new Map<string, Carried>();
  const cacheControls: string[] = [];
  let carriesCacheControl = false;

  function addCacheControl(response: SubgraphResponse, carried: Carried | undefined): void {
    carriesCacheControl ||= carried !== undefined;
    const isWhole = response.kind === 'answered' && response.errors.length === 0;
    // Who says nothing of caching has allowed none.
    cacheControls.push(...(isWhole && carried !== undefined ? carried.values : ['no-store']));
  }

  return {
    add(subgraph, response) {
      const from = response.kind === 'answered' ? (response.headers ?? {}) : undefined;
      const carried = from && carryFor(subgraph)?.(from);
      addCacheControl(response, carried?.get('cache-control'));
      for (const [name, header] of carried ?? [])
        if (name !== 'cache-control') gathered.set(name, merged(name, gathered.get(name), header));
    },

    headers: (isWhole) => ({
      ...Object.fromEntries([...gathered].map(([name, { values }]) => [name, written(name, values)])),
      ...(carriesCacheControl && {
        'cache-control': isWhole ? mergeCacheControl(cacheControls) : 'no-store',
      }),
    }),
  };
}

function merged(name: string, known: Carried | undefined, added: Carried): Carried {
  if (known === undefined) return added;
  if (name === 'set-cookie' || added.merge === 'append')
    return { ...added, values: [...known.values, ...added.values] };
  return added.merge === 'first' ? known : added;
}

function written(name: string, values: readonly string[]): string | string[] {
  return name === 'set-cookie' ? [...values] : values.join(', ');
}
