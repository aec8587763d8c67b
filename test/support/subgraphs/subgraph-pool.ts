import { pino } from 'pino';
import { configSchema } from '../../../router/config/config-schema.ts';
import { CallHeaders, HeaderBlock, NO_IDENTITY } from '../../../router/request/call-headers.ts';
import type { SubgraphFailure, SubgraphResponse } from '../../../router/request/subgraph-request.ts';
import { createSubgraphPool } from '../../../router/subgraph/subgraph-pool.ts';
import type { SubgraphPool } from '../../../router/subgraph/subgraph-pool.ts';
import type { SubgraphParts } from '../../../router/subgraph/client.ts';
import { createClock } from '../time/clock.ts';
import type { Clock } from '../time/clock.ts';

type CallOptions = {
  readonly operation?: 'query' | 'mutation';
  readonly signal?: AbortSignal;
  readonly deadline?: number;
  readonly headers?: Readonly<Record<string, string>>;
};

/** The clients of one subgraph, `inventory`, with a fake clock and a record of its events. */
export type PoolOfOne = AsyncDisposable & {
  readonly pool: SubgraphPool;
  readonly clock: Clock;
  /** Events as `EVENT DETAIL`, in the order of their occurrence. */
  readonly events: string[];
  call(options?: CallOptions): Promise<SubgraphResponse>;
  /** Returns the failure of a call; throws if the call succeeded. */
  fail(options?: CallOptions): Promise<SubgraphFailure>;
  breaker(): string | undefined;
};

/**
 * Creates the clients of the subgraph `inventory` at these URLs. `settings` are those of `traffic.all` in
 * router.yaml.
 */
export function poolOf(
  urls: readonly string[],
  settings: Record<string, unknown> = {},
  parts: Partial<SubgraphParts> = {},
): PoolOfOne {
  const clock = createClock();
  const events: string[] = [];
  const { traffic } = configSchema.parse({ traffic: { all: settings, subgraphs: { inventory: { urls } } } });
  const pool = createSubgraphPool(traffic, {
    telemetry: recorder(events),
    signer: { sign: () => ({}) },
    random: () => 0.5,
    monotonic: clock.monotonic,
    startTimer: clock.startTimer,
    ...parts,
  });
  const routes = pool.forGeneration(new Map([['inventory', 'http://127.0.0.1:1/not-used']]));

  async function call(options: CallOptions = {}): Promise<SubgraphResponse> {
    const { operation = 'query', headers = {}, signal = new AbortController().signal } = options;
    const deadline = options.deadline ?? clock.monotonic() + traffic.deadlineMs;
    const request = { subgraph: 'inventory', operation, body: `{"query":"${operation}{a}"}` } as const;
    return routes.send(request, { headers: callHeaders(headers), deadline }, signal);
  }

  return {
    pool,
    clock,
    events,
    call,
    async fail(options) {
      const response = await call(options);
      if (response.kind === 'received') throw new Error(`the call succeeded: ${JSON.stringify(response)}`);
      return response.failure;
    },
    breaker: () => pool.state()[0]?.breaker,
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

/** Returns the headers of a call for a caller without an identity. */
export function callHeaders(fields: Readonly<Record<string, string>>): CallHeaders {
  return new CallHeaders(new HeaderBlock(fields), NO_IDENTITY);
}

/** Returns a telemetry that records its events. */
export function recorder(events: string[]): SubgraphParts['telemetry'] {
  return {
    log: pino({ level: 'silent' }),
    subgraphCalled: ({ outcome }) => events.push(`called ${outcome}`),
    subgraphRetried: () => events.push('retried'),
    endpointEjected: ({ forMs }) => events.push(`ejected ${forMs}`),
    breakerChanged: ({ from, to }) => events.push(`breaker ${from} ${to}`),
  };
}
