import type { Config } from '../config/config-schema.ts';
import type { SubgraphRequest, SubgraphResponse } from '../request/subgraph-request.ts';
import type { CallContext } from './call/call.ts';
import type { ForcedState } from './breaker/circuit-breaker.ts';
import { checkCertificates } from './transport/certificates.ts';
import { disconnected, unsent } from './call/outcomes.ts';
import { subgraphSettings, subgraphUrls } from './call/settings.ts';
import { createSubgraph } from './client.ts';
import type { Subgraph, SubgraphParts, SubgraphState } from './client.ts';

/** All subgraphs that some supergraph generation calls. Outlives generations; disposing closes every connection. */
export type Upstream = AsyncDisposable & {
  /** Routing URLs by subgraph. What two generations call at the same addresses they share: pools, breaker, load. */
  forGeneration(routes: ReadonlyMap<string, string>): Routes;
  state(): readonly SubgraphState[];
  /** Holds the breakers of a subgraph in a state, in later generations too, until `auto`. */
  readonly force: (order: BreakerOrder) => 'obeyed' | 'unknown' | 'full';
};

export type BreakerOrder = {
  readonly subgraph: string;
  /** `Type.field` of a root or entity field; absent for the whole subgraph. */
  readonly field?: string | undefined;
  readonly state: ForcedState;
};

/** One generation's subgraphs. Disposing gives up those that no other generation calls. */
export type Routes = AsyncDisposable & {
  /** Never rejects. */
  send(request: SubgraphRequest, context: CallContext, signal: AbortSignal): Promise<SubgraphResponse>;
};

/** Half of the fields that a subgraph is watched in: the other half is for those that are ill by themselves. */
const MOST_HELD_FIELDS = 50;

type Shared = { readonly subgraph: Subgraph; users: number };

export function createUpstream(traffic: Config['traffic'], parts: SubgraphParts): Upstream {
  checkCertificates(traffic);
  const open = new Map<string, Shared>();
  /** By subgraph and field. */
  const forced = new Map<string, BreakerOrder>();

  function acquire(name: string, urls: readonly string[]): Subgraph {
    const key = keyOf(name, urls);
    const shared = open.get(key) ?? { subgraph: create(name, urls), users: 0 };
    shared.users += 1;
    open.set(key, shared);
    return shared.subgraph;
  }

  function create(name: string, urls: readonly string[]): Subgraph {
    const settings = subgraphSettings(traffic, name);
    const subgraph = createSubgraph({ name, urls, settings, deadlineMs: traffic.deadlineMs }, parts);
    for (const order of forced.values())
      if (order.subgraph === name) subgraph.force(order.state, order.field);
    return subgraph;
  }

  function isFull(): boolean {
    return [...forced.values()].filter(({ field }) => field !== undefined).length >= MOST_HELD_FIELDS;
  }

  async function release(name: string, urls: readonly string[]): Promise<void> {
    const key = keyOf(name, urls);
    const shared = open.get(key);
    if (shared === undefined) return;
    shared.users -= 1;
    if (shared.users > 0) return;
    open.delete(key);
    await shared.subgraph[Symbol.asyncDispose]();
  }

  return {
    forGeneration(routes) {
      const addresses = [...routes].map(([name, url]) => [name, subgraphUrls(traffic, name, url)] as const);
      const subgraphs = new Map(addresses.map(([name, urls]) => [name, acquire(name, urls)]));
      let released: Promise<unknown> | undefined;
      return {
        send(request, context, signal) {
          const subgraph = subgraphs.get(request.subgraph);
          if (subgraph === undefined) return Promise.resolve(unsent(disconnected(request.subgraph)).response);
          return subgraph.send(request, context, signal);
        },
        async [Symbol.asyncDispose]() {
          released ??= Promise.all(addresses.map(([name, urls]) => release(name, urls)));
          await released;
        },
      };
    },

    state: () => [...open.values()].map(({ subgraph }) => subgraph.state()),

    force(order) {
      const { subgraph: name, field, state } = order;
      const named = [...open.values()].filter(({ subgraph }) => subgraph.name === name);
      const key = JSON.stringify([name, field]);
      if (named.length === 0 && !forced.has(key)) return 'unknown';
      if (field !== undefined && state !== 'auto' && !forced.has(key) && isFull()) return 'full';
      if (state === 'auto') forced.delete(key);
      else forced.set(key, order);
      for (const { subgraph } of named) subgraph.force(state, field);
      return 'obeyed';
    },

    async [Symbol.asyncDispose]() {
      const subgraphs = [...open.values()].map(({ subgraph }) => subgraph);
      open.clear();
      await Promise.all(subgraphs.map((subgraph) => subgraph[Symbol.asyncDispose]()));
    },
  };
}

function keyOf(name: string, urls: readonly string[]): string {
  return JSON.stringify([name, ...urls]);
}
