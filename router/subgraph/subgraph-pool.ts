import type { Config } from '../config/config-schema.ts';
import type { CancelSignal } from '../request/cancel-signal.ts';
import type { SubgraphRequest, SubgraphResponse } from '../request/subgraph-request.ts';
import type { CallContext } from './call/call.ts';
import type { ForcedState } from './breaker/circuit-breaker.ts';
import { disconnected, unsent } from './call/outcomes.ts';
import { subgraphSettings, subgraphUrls } from './call/settings.ts';
import { createSubgraphClient } from './client.ts';
import type { SubgraphClient, SubgraphOptions, SubgraphParts, SubgraphState } from './client.ts';

/**
 * The clients of all subgraphs that some generation calls. A generation is one version of the supergraph with
 * everything that was built for it. Connections and circuit breakers survive a change of the supergraph,
 * because the pool outlives generations. Disposing the pool closes every connection.
 */
export type SubgraphPool = AsyncDisposable & {
  /**
   * Returns the subgraphs of one generation (version of the supergraph). Generations with the same `group`
   * share the connections, circuit breakers and load counters of a subgraph if they call it at the same
   * addresses with the same settings.
   * @param routes routing URL of each subgraph, by name
   * @param settings settings of the calls; those of the pool by default
   */
  forGeneration(routes: ReadonlyMap<string, string>, settings?: CallSettings): Routes;
  state(marked?: MarkedRoutes): readonly PooledState[];
  /**
   * Forces the circuit breaker of a subgraph, or of one field, into a state. The command also applies to
   * clients of the subgraph that are created later, until the state is set to `auto`.
   */
  readonly force: (command: BreakerCommand) => 'applied' | 'unknown' | 'full';
};

/**
 * Subgraphs whose clients are marked with `usedBy` in the state of the pool: those of the canary and those of
 * the supergraph that was replaced last.
 */
export type MarkedRoutes = {
  readonly canary?: Routes | undefined;
  /** Subgraphs of the supergraph that was replaced last, to which an operator can roll back. */
  readonly previous?: Routes | undefined;
};

/**
 * State of the client of one subgraph. `usedBy` is `canary` if the canary supergraph uses the client, and
 * `previous` if only the supergraph that was replaced last uses it.
 */
export type PooledState = SubgraphState & { readonly usedBy?: 'canary' | 'previous' };

export type BreakerCommand = {
  readonly subgraph: string;
  /**
   * `Type.field` of a root field or of a field of an entity. If it is absent, the command applies to the
   * whole subgraph.
   */
  readonly field?: string | undefined;
  readonly state: ForcedState;
};

/** Settings for the subgraph calls of one supergraph version. */
export type CallSettings = {
  readonly traffic: Config['traffic'];
  /** True if headers of subgraph responses are kept, because header rules read them. */
  readonly keepHeaders: boolean;
  /**
   * Supergraphs of different groups share no subgraph clients. A canary has a group of its own, so that its
   * failures do not open the circuit breakers of other callers. The default is 0.
   */
  readonly group?: number;
};

/**
 * The subgraphs of one supergraph version. Disposing it closes the clients that no other supergraph version
 * uses.
 */
export type Routes = AsyncDisposable & {
  send(request: SubgraphRequest, context: CallContext, signal: CancelSignal): Promise<SubgraphResponse>;
  /**
   * Number of times that failures have opened circuit breakers of these subgraphs. Breakers that were forced
   * open do not count.
   */
  readonly breakerOpenings: () => number;
};

/**
 * Maximum number of fields whose circuit breakers can be forced into a state, in all subgraphs together. A
 * subgraph can have twice as many field breakers, so that forced ones always leave some for failing fields.
 */
const MAX_FORCED_FIELDS = 50;

type BreakerChanged = Parameters<SubgraphParts['telemetry']['breakerChanged']>[0];

type ClientOptions = SubgraphOptions & Required<Pick<CallSettings, 'keepHeaders' | 'group'>>;

type PooledClient = {
  readonly client: SubgraphClient;
  readonly breakerOpenings: () => number;
  readonly users: Set<Routes>;
};

/** Creates a pool without subgraph clients. `forGeneration` adds those that a supergraph version needs. */
export function createSubgraphPool(traffic: Config['traffic'], parts: SubgraphParts): SubgraphPool {
  const open = new Map<string, PooledClient>();
  const ownSettings = { traffic, keepHeaders: parts.keepHeaders === true };
  /**
   * The last command to the circuit breaker of each subgraph and field. The command is also applied to
   * clients that are created later.
   */
  const commands = new Map<string, BreakerCommand>();

  function acquire(key: string, options: ClientOptions): PooledClient {
    const pooled = open.get(key) ?? create(options);
    open.set(key, pooled);
    return pooled;
  }

  function create({ keepHeaders, ...options }: ClientOptions): PooledClient {
    let openings = 0;
    const telemetry = {
      ...parts.telemetry,
      breakerChanged(change: BreakerChanged) {
        if (change.to === 'open' && !change.forced) openings += 1;
        parts.telemetry.breakerChanged(change);
      },
    };
    const client = createSubgraphClient(options, { ...parts, telemetry, keepHeaders });
    for (const command of commands.values())
      if (command.subgraph === options.name) client.force(command.state, command.field);
    return { client, breakerOpenings: () => openings, users: new Set() };
  }

  function isFull(): boolean {
    return [...commands.values()].filter(({ field }) => field !== undefined).length >= MAX_FORCED_FIELDS;
  }

  async function release(key: string, user: Routes): Promise<void> {
    const pooled = open.get(key);
    if (pooled === undefined) return;
    pooled.users.delete(user);
    if (pooled.users.size > 0) return;
    open.delete(key);
    await pooled.client[Symbol.asyncDispose]();
  }

  return {
    forGeneration(routes, settings = ownSettings) {
      const clients = [...routes].map(([name, url]) => {
        const options = clientOptions(settings, name, url);
        const key = JSON.stringify(options);
        return { name, key, ...acquire(key, options) };
      });
      const subgraphs = new Map(clients.map(({ name, client }) => [name, client]));
      let released: Promise<unknown> | undefined;
      const generation: Routes = {
        send(request, context, signal) {
          const subgraph = subgraphs.get(request.subgraph);
          if (subgraph === undefined) return Promise.resolve(unsent(disconnected(request.subgraph)).response);
          return subgraph.send(request, context, signal);
        },
        breakerOpenings: () => clients.reduce((sum, { breakerOpenings }) => sum + breakerOpenings(), 0),
        async [Symbol.asyncDispose]() {
          released ??= Promise.all(clients.map(({ key }) => release(key, generation)));
          await released;
        },
      };
      for (const { users } of clients) users.add(generation);
      return generation;
    },

    state: (marked) => [...open.values()].map((pooled) => stateOf(pooled, marked)),

    force(command) {
      const { subgraph: name, field, state } = command;
      const named = [...open.values()].filter(({ client: subgraph }) => subgraph.name === name);
      const key = JSON.stringify([name, field]);
      if (named.length === 0 && !commands.has(key)) return 'unknown';
      if (field !== undefined && state !== 'auto' && !commands.has(key) && isFull()) return 'full';
      if (state === 'auto') commands.delete(key);
      else commands.set(key, command);
      for (const { client: subgraph } of named) subgraph.force(state, field);
      return 'applied';
    },

    async [Symbol.asyncDispose]() {
      const subgraphs = [...open.values()].map(({ client: subgraph }) => subgraph);
      open.clear();
      await Promise.all(subgraphs.map((subgraph) => subgraph[Symbol.asyncDispose]()));
    },
  };
}

function stateOf({ client, users }: PooledClient, { canary, previous }: MarkedRoutes = {}): PooledState {
  const isCanary = canary !== undefined && users.has(canary);
  const isPrevious = previous !== undefined && users.has(previous) && users.size === 1;
  if (!isCanary && !isPrevious) return client.state();
  return { ...client.state(), usedBy: isCanary ? 'canary' : 'previous' };
}

function clientOptions(
  { traffic, keepHeaders, group = 0 }: CallSettings,
  name: string,
  url: string,
): ClientOptions {
  return {
    name,
    urls: subgraphUrls(traffic, name, url),
    settings: subgraphSettings(traffic, name),
    deadlineMs: traffic.deadlineMs,
    keepHeaders,
    group,
  };
}
