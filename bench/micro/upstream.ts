import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { getHeapStatistics } from 'node:v8';
import { Pool } from 'undici';
import { configSchema } from '../../router/config/config-schema.ts';
import { createSigner } from '../../router/authentication/signature.ts';
import { createForwardedOrigin } from '../../router/headers/forwarded-origin.ts';
import { createForwarding } from '../../router/headers/forwarding.ts';
import { createCallerContexts } from '../../router/operation/caller-context.ts';
import { Cancellation } from '../../router/request/cancel-signal.ts';
import { CallHeaders, HeaderBlock, NO_HEADERS, NO_IDENTITY } from '../../router/request/call-headers.ts';
import type { Caller } from '../../router/request/caller.ts';
import type { Identity } from '../../router/request/identity.ts';
import { UNTRACED_REQUEST } from '../../router/request/request-span.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';
import { scheduleTimer } from '../../router/shared/schedule.ts';
import { createTimerQueue } from '../../router/subgraph/call/timer-queue.ts';
import { composeSend } from '../../router/subgraph/send-chain.ts';
import type { Signer } from '../../router/subgraph/transport/transport.ts';
import { createSubgraphPool } from '../../router/subgraph/subgraph-pool.ts';
import type { Routes } from '../../router/subgraph/subgraph-pool.ts';

// `node bench/micro/upstream.ts [ROUNDS] [PART OF A NAME]` prints CPU microseconds and allocated bytes of the
// caller per subgraph call. Ten representations out, twenty items back, twenty calls in flight, over loopback
// to another process. The requests of users make five calls each, two and three at a time.

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
const callHeaders = new CallHeaders(new HeaderBlock(headers), NO_IDENTITY);

/** Makes one call. A request of a user makes several. */
type Call = () => Promise<unknown>;
type Subject = { readonly run: Call; readonly calls?: number };
type Sample = { readonly micros: number; readonly bytes: number };

/** Runs twenty sequential callers in parallel and returns CPU microseconds and allocated bytes per call. */
async function measure({ run, calls = 1 }: Subject): Promise<Sample> {
  let left = CALLS / calls;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await run();
    }
  };
  const allocated = getHeapStatistics().total_allocated_bytes;
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  const { user, system } = process.cpuUsage(before);
  const bytes = getHeapStatistics().total_allocated_bytes - allocated;
  return { micros: (user + system) / CALLS, bytes: bytes / CALLS };
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

function openRoutes(url: URL, signer: Signer, transport: 'built-in' | 'undici' = 'built-in'): Routes {
  const config = configSchema.parse({ traffic: { all: { transport } } });
  const upstream = createSubgraphPool(config.traffic, {
    telemetry: createTelemetry(config.telemetry, { destination: new PassThrough().resume() }),
    signer,
    monotonic: () => performance.now(),
    random: Math.random,
    startTimer: createTimerQueue({ monotonic: () => performance.now(), schedule: scheduleTimer }),
  });
  return upstream.forGeneration(new Map([['product', url.href]]));
}

function viaUpstream(url: URL, signer: Signer, transport?: 'built-in' | 'undici'): Call {
  const routes = openRoutes(url, signer, transport);
  return async () => {
    const { signal } = new AbortController();
    const context = { headers: callHeaders, deadline: performance.now() + 5_000 };
    const response = await routes.send({ subgraph: 'product', operation: 'query', body }, context, signal);
    if (response.kind === 'failed') throw new Error(response.failure.message);
    return response;
  };
}

/** Makes the calls of one request of a user: two, then three, with different bodies. */
function viaRequests(url: URL, signer: Signer, deduplicates: boolean): Call {
  const { headers: rules } = configSchema.parse({});
  const send = composeSend(openRoutes(url, signer), {
    tracing: { callHeaders: () => NO_HEADERS },
    deduplicates,
    deadlineMs: 5_000,
  });
  const createContext = createCallerContexts({
    monotonic: () => performance.now(),
    deadlineMs: 5_000,
    forward: createForwarding(rules),
    origin: createForwardedOrigin(rules.forwarded, (address = '') => ({ address, isTrusted: false })),
    isDeduplicated: deduplicates,
  });
  const bodies = ['a', 'b', 'c', 'd', 'e'].map((alias) => [
    body.slice(0, 40),
    body.slice(40).replace('{name', `{${alias}:name`),
  ]);
  let count = 0;
  return async () => {
    count += 1;
    const identity = identities[count % identities.length];
    const request = {
      id: `0192f3c1-7d4e-7000-8000-${count}`,
      headers: {},
      recorder: { span: UNTRACED_REQUEST },
    };
    const context = createContext({ request, identity } as unknown as Caller, 'query', {});
    const signal = new Cancellation();
    const sendAll = (some: readonly string[][]) =>
      // The body is concatenated, as the executor does it.
      Promise.all(
        some.map(([start = '', end = '']) =>
          send({ subgraph: 'product', operation: 'query', body: start + end }, context, signal),
        ),
      );
    const responses = [...(await sendAll(bodies.slice(0, 2))), ...(await sendAll(bodies.slice(2)))];
    if (responses.some(({ kind }) => kind === 'failed')) throw new Error('a call failed');
  };
}

const identities = Array.from({ length: 500 }, (_, index): Identity => ({
  kind: 'user',
  issuer: 'https://users.example',
  id: `user-${index}`,
  email: `user-${index}@example.com`,
  roles: ['customer'],
  scopes: [],
  tenant: undefined,
  tier: 'FREE',
  tokenId: `token-${index}`,
  expiresAtS: 2_000_000_000,
}));

const subgraph = fork(new URL('upstream-responses.ts', import.meta.url));
const [address] = (await once(subgraph, 'message')) as [string];
const url = new URL(address);
const keys = [{ id: 'bench', secret: 'a secret of at least thirty-two characters' }];
const signer = createSigner(keys, { now: Date.now, randomBytes });

const unsigned = { sign: () => ({}) };
const subjects: Readonly<Record<string, Subject>> = {
  'global fetch': { run: viaFetch(url) },
  'undici Pool.request': { run: pooled(url) },
  'upstream, unsigned': { run: viaUpstream(url, unsigned) },
  'upstream, signed': { run: viaUpstream(url, signer) },
  'upstream by undici, unsigned': { run: viaUpstream(url, unsigned, 'undici') },
  'upstream by undici, signed': { run: viaUpstream(url, signer, 'undici') },
  'requests of users': { run: viaRequests(url, unsigned, false), calls: 5 },
  'requests of users, signed, deduplicated': { run: viaRequests(url, signer, true), calls: 5 },
};
const only = process.argv[3] ?? '';
const selected = Object.entries(subjects).filter(([name]) => name.includes(only));
const samples = new Map<string, Sample[]>(selected.map(([name]) => [name, []]));
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, subject] of selected) {
    const sample = await measure(subject);
    // The first round is for warming up.
    if (round > 0) samples.get(name)?.push(sample);
  }
}
for (const [name, taken] of samples) {
  const micros = taken.map((sample) => sample.micros).sort((a, b) => a - b);
  const bytes = Math.min(...taken.map((sample) => sample.bytes));
  const [best = 0] = micros;
  const median = micros[Math.floor(micros.length / 2)] ?? best;
  console.log(
    `best ${best.toFixed(1).padStart(6)}, median ${median.toFixed(1).padStart(6)} us CPU, ` +
      `${bytes.toFixed(0).padStart(6)} bytes a call: ${name}`,
  );
}
subgraph.kill();
process.exit();
