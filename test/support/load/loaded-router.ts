import { readFileSync } from 'node:fs';
import type { Kind, Report } from './open-loop.ts';
import { startOpenLoop } from './open-loop-process.ts';
import type { OpenLoop } from './open-loop-process.ts';
import { startRouterProcess } from '../processes/router-process.ts';
import type { RouterProcess } from '../processes/router-process.ts';
import { startStubSubgraph, text } from '../subgraphs/stub-subgraph.ts';
import type { StubSubgraph } from '../subgraphs/stub-subgraph.ts';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@cost", "@listSize"])';

const SDL = `${LINK}
type Query { items(n: Int): [Item!] ping(n: Int): String }
type Mutation { change(n: Int): String }
type Item { id: ID! name: String! price: Float! tags: [String!]! stock: Stock! }
type Stock { available: Int! reserved: Int! place: String! }
`;

/** Router, clients and subgraph in three processes, so that they do not delay each other. */
export type LoadedRouter = AsyncDisposable & {
  readonly router: RouterProcess;
  readonly load: OpenLoop;
  readonly subgraph: StubSubgraph;
  /** Returns the CPU time that the router has used, in milliseconds. */
  readonly cpuMs: () => number;
};

/** Starts a router over a subgraph that returns a prepared list of `items` immediately. */
export async function startLoadedRouter({
  items,
  config = '',
  env = {},
}: {
  readonly items: number;
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
}): Promise<LoadedRouter> {
  await using built = new AsyncDisposableStack();
  const responses = readyResponses(items);
  const subgraph = built.use(
    await startStubSubgraph(({ body }) =>
      text((body.includes('items') ? responses.items : undefined) ?? responses.ping),
    ),
  );
  const router = built.use(await startRouterProcess({ only: { url: subgraph.url, sdl: SDL } }, config, env));
  const load = built.use(startOpenLoop());
  const owned = built.move();
  return {
    router,
    load,
    subgraph,
    cpuMs: () => cpuMsOf(router.process.pid),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function readyResponses(count: number) {
  const items = Array.from({ length: count }, (_, index) => ({
    id: String(index),
    name: `Item number ${index}`,
    price: index * 1.25,
    tags: ['one', 'two', 'three'],
    stock: { available: index, reserved: index % 7, place: `shelf ${index}` },
  }));
  return { items: JSON.stringify({ data: { items } }), ping: '{"data":{"ping":"pong","change":"changed"}}' };
}

/** Returns requests with different variables each time, so that none are deduplicated. */
export function kindOf(name: string, query: string, headers: Readonly<Record<string, string>> = {}): Kind {
  const body = JSON.stringify({ query, variables: { n: '$NUMBER' } }).replace('"$NUMBER"', '1$NUMBER');
  return { name, body, headers };
}

export const ITEMS = kindOf(
  'items',
  'query ($n: Int) { items(n: $n) { id name price tags stock { available reserved place } } }',
);
export const PING = kindOf('ping', 'query ($n: Int) { ping(n: $n) }');

/** Returns the outcomes of all kinds of requests, or of one kind if it is named. */
export function outcomeOf({ outcomes }: Report, status: number, kind?: string) {
  const some = outcomes.filter(
    (outcome) => outcome.status === status && (kind ?? outcome.kind) === outcome.kind,
  );
  const [one] = some.toSorted((a, b) => b.count - a.count);
  const perSecond = some.reduce((sum, outcome) => sum + outcome.perSecond, 0);
  return {
    count: some.reduce((sum, { count }) => sum + count, 0),
    perSecond,
    p50Ms: one?.p50Ms ?? 0,
    p99Ms: one?.p99Ms ?? 0,
  };
}

// Reads clock ticks of a hundredth of a second, which follow the name of the process (proc(5)).
function cpuMsOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
