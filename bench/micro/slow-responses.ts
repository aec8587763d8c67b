import { fork } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { configSchema } from '../../router/config/config-schema.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';
import { scheduleTimer } from '../../router/shared/schedule.ts';
import { createTimerQueue } from '../../router/subgraph/call/timer-queue.ts';
import { createSubgraphPool } from '../../router/subgraph/subgraph-pool.ts';
import { callHeaders } from '../../test/support/subgraphs/subgraph-pool.ts';

// `node bench/micro/slow-responses.ts [ROUNDS]` prints how long other calls take while one of a hundred
// responses of the subgraph takes 200 ms: milliseconds of the calls below 200 ms, by HTTP client.

const CALLS = 5_000;
const IN_FLIGHT = 50;
const SLOW_MS = 200;
const SETTINGS = {
  undici: { transport: 'undici' },
  'built-in': {},
  'built-in, pipelining 16': { pipelining: 16 },
} as const;
const rounds = Number(process.argv[2] ?? 5);

const subgraph = fork(new URL('upstream-responses.ts', import.meta.url), {
  env: { ...process.env, SLOW_MS: String(SLOW_MS) },
});
const [address] = (await once(subgraph, 'message')) as [string];
const headers = callHeaders({ 'x-user-id': 'user-1' });

function createCaller(settings: object): () => Promise<number> {
  const config = configSchema.parse({ traffic: { all: settings } });
  const monotonic = () => performance.now();
  const pool = createSubgraphPool(config.traffic, {
    telemetry: createTelemetry(config.telemetry, { destination: new PassThrough().resume() }),
    signer: { sign: () => ({}) },
    monotonic,
    random: Math.random,
    startTimer: createTimerQueue({ monotonic, schedule: scheduleTimer }),
  });
  const routes = pool.forGeneration(new Map([['product', address]]));
  const request = { subgraph: 'product', operation: 'query', body: '{"query":"{a}"}' } as const;
  return async () => {
    const began = performance.now();
    const { signal } = new AbortController();
    const response = await routes.send(request, { headers, deadline: began + 5_000 }, signal);
    if (response.kind === 'failed') throw new Error(response.failure.message);
    return performance.now() - began;
  };
}

async function measure(call: () => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  let left = CALLS;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      times.push(await call());
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  return times;
}

const callers = Object.entries(SETTINGS).map(([name, settings]) => ({
  name,
  call: createCaller(settings),
  times: [] as number[],
}));
for (let round = 0; round <= rounds; round += 1) {
  for (const { call, times } of callers) {
    const measured = await measure(call);
    // The first round is for warming up.
    if (round > 0) times.push(...measured);
  }
}
for (const { name, times } of callers) {
  const others = times.filter((ms) => ms < SLOW_MS).sort((a, b) => a - b);
  const at = (share: number) => (others[Math.floor(others.length * share)] ?? 0).toFixed(1).padStart(6);
  console.log(`p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)} ms: ${name}`);
}
subgraph.kill();
process.exit();
