import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { Pool } from 'undici';
import { configSchema } from '../../router/config/config-schema.ts';
import { createSigner } from '../../router/authentication/signature.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';
import { scheduleTimer } from '../../router/shared/schedule.ts';
import { createTimerQueue } from '../../router/subgraph/call/timer-queue.ts';
import type { Signer } from '../../router/subgraph/transport/transport.ts';
import { createSubgraphPool } from '../../router/subgraph/subgraph-pool.ts';

// `node bench/micro/upstream.ts [ROUNDS]` prints CPU microseconds of the caller per subgraph call.
// Ten representations out, twenty items back, twenty calls in flight, over loopback to another process.

const CALLS = 2_000;
const IN_FLIGHT = 20;
const rounds = Number(process.argv[2] ?? 10);

const representations = Array.from({ length: 10 }, (_, index) => ({
  __typename: 'Product',
  id: `product-${index}`,
}));
const query =
  'query($representations:[_Any!]!){_entities(representations:$representations){...on Product{name inStock}}}';
const body = JSON.stringify({ query, variables: { representations } });
const headers = {
  'x-user-id': 'user-1',
  'x-user-email': 'ada@example.com',
  'x-user-roles': 'customer',
  'x-request-id': '0192f3c1-7d4e-7000-8000-000000000000',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
};

type Call = () => Promise<unknown>;

/** Runs twenty sequential callers in parallel and returns CPU microseconds per call. */
async function measure(call: Call): Promise<number> {
  const before = process.cpuUsage();
  let left = CALLS;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

function pooled(url: URL): Call {
  const pool = new Pool(url.origin, { connections: 64 });
  return async () => {
    const { body: response } = await pool.request({
      path: url.pathname,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    return response.json();
  };
}

function viaFetch(url: URL): Call {
  return async () => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    return response.json();
  };
}

function viaUpstream(url: URL, signer: Signer, transport: 'built-in' | 'undici' = 'built-in'): Call {
  const config = configSchema.parse({ traffic: { all: { transport } } });
  const upstream = createSubgraphPool(config.traffic, {
    telemetry: createTelemetry(config.telemetry, { destination: new PassThrough().resume() }),
    signer,
    monotonic: () => performance.now(),
    random: Math.random,
    startTimer: createTimerQueue({ monotonic: () => performance.now(), schedule: scheduleTimer }),
  });
  const routes = upstream.forGeneration(new Map([['product', url.href]]));
  return async () => {
    const { signal } = new AbortController();
    const context = { headers, deadline: performance.now() + 5_000 };
    const response = await routes.send({ subgraph: 'product', operation: 'query', body }, context, signal);
    if (response.kind === 'failed') throw new Error(response.failure.message);
    return response;
  };
}

const subgraph = fork(new URL('upstream-responses.ts', import.meta.url));
const [address] = (await once(subgraph, 'message')) as [string];
const url = new URL(address);
const keys = [{ id: 'bench', secret: 'a secret of at least thirty-two characters' }];
const signer = createSigner(keys, { now: Date.now, randomBytes });

const subjects: Readonly<Record<string, Call>> = {
  'global fetch': viaFetch(url),
  'undici Pool.request': pooled(url),
  'upstream, unsigned': viaUpstream(url, { sign: () => ({}) }),
  'upstream, signed': viaUpstream(url, signer),
  'upstream by undici, unsigned': viaUpstream(url, { sign: () => ({}) }, 'undici'),
  'upstream by undici, signed': viaUpstream(url, signer, 'undici'),
};
const samples = new Map<string, number[]>(Object.keys(subjects).map((name) => [name, []]));
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, call] of Object.entries(subjects)) {
    const micros = await measure(call);
    // The first round is for warming up.
    if (round > 0) samples.get(name)?.push(micros);
  }
}
for (const [name, values] of samples) {
  const [best = 0, ...others] = values.sort((a, b) => a - b);
  const median = others[Math.floor(others.length / 2)] ?? best;
  console.log(
    `best ${best.toFixed(1).padStart(6)}, median ${median.toFixed(1).padStart(6)} us CPU a call: ${name}`,
  );
}
subgraph.kill();
process.exit();
