import { execFileSync, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { ITEMS, outcomeOf, startLoadedRouter } from '../../test/support/load/loaded-router.ts';
import type { LoadedRouter } from '../../test/support/load/loaded-router.ts';
import type { Bench } from '../harness/bench.ts';
import { probe } from '../load/probe.ts';
import type { LongRunPlan } from './plan.ts';

const NAME = 'tributary';
const ROUNDS = 3;
const FIRST_RATE = 50;
const NEXT_RATE = 1.3;
/** A rate is beyond the capacity if a smaller share of it gets a response. */
const SERVED_SHARE = 0.9;
const CLIENTS = 500;
const QUIET_MS = 15_000;

type Round = { readonly goodput: number; readonly rejectionP50Ms: number };

/** Conditions under which a router is overloaded. */
const CONDITIONS = [
  { suffix: '', hasNeighbour: false, text: '' },
  { suffix: '-busy', hasNeighbour: true, text: ', beside a busy process on the same core' },
] as const;

/**
 * Measures an overloaded router, with responses of 190 KB: goodput at three times the capacity, time until a
 * request is rejected (in the first seconds of an overload and afterwards), goodput of a router that was
 * overloaded from its first request on, and how evenly 500 clients are served that connect at once.
 */
export async function runOverload(_bench: Bench, plan: LongRunPlan): Promise<void> {
  if (!plan.targets.some(({ name }) => name === NAME)) return;
  const note: Note = (name, value, text) =>
    plan.onMetric({ name: `overload-${name}`, target: NAME, value, note: text });
  for (const { suffix, hasNeighbour, text } of CONDITIONS) {
    await measureGoodput({ hasNeighbour }, (name, value, explanation) =>
      note(`${name}${suffix}`, value, explanation + text),
    );
  }
  await measureConnecting(note);
}

type Note = (name: string, value: number, text: string) => void;

async function measureGoodput(options: { readonly hasNeighbour: boolean }, note: Note): Promise<void> {
  using _ = options.hasNeighbour ? startNeighbour() : undefined;
  await using loaded = await startRouter();
  const capacity = await findCapacity(loaded);
  // Long enough that a limit which was reduced during the search has been lifted.
  await delay(QUIET_MS);
  const { rejectionP50Ms } = await offer(loaded, 3 * capacity, { ms: 2_500, settleMs: 0 });
  note('onset', rejectionP50Ms, 'ms until a rejection, p50, in the first 2.5 s of an overload');
  const peak: Round[] = [];
  const triple: Round[] = [];
  // Alternates, because the machine may be busier at one time than at another.
  for (let round = 0; round < ROUNDS; round += 1) {
    triple.push(await offer(loaded, 3 * capacity));
    peak.push(await offer(loaded, capacity));
  }
  const most = median(peak.map(({ goodput }) => goodput));
  note(
    'goodput',
    (median(triple.map(({ goodput }) => goodput)) / most) * 100,
    `% of the peak, at three times the capacity of ${capacity.toFixed(0)} requests/s; 90 or more is right`,
  );
  note(
    'rejection',
    median(triple.map(({ rejectionP50Ms: ms }) => ms)),
    'ms until a rejection, p50; below 10 is right',
  );
  note('cold-start', ((await offerAtStart(capacity)) / most) * 100, '% of the peak');
}

async function measureConnecting(note: Note): Promise<void> {
  await using loaded = await startRouter(DEFAULTS);
  await offer(loaded, FIRST_RATE);
  await offer(loaded, 2 * FIRST_RATE);
  const connected = connectClients(loaded);
  const [firstMs, onHealthPort, onClientPort] = await Promise.all([
    connected,
    probe(new URL('/livez', loaded.router.healthUrl), connected),
    probe(new URL('/livez', loaded.router.url), connected),
  ]);
  note('connect', evenness(firstMs), `${evennessText(firstMs)}; at most 2 is right`);
  note(
    'health',
    quantile(onHealthPort, 0.99),
    'ms, p99 of checks on the health port meanwhile; below 200 is right',
  );
  note('health-client-port', quantile(onClientPort, 0.99), 'ms, p99 of checks on the client port meanwhile');
  await using strict = await startRouter();
  await offer(strict, FIRST_RATE);
  await offer(strict, 2 * FIRST_RATE);
  const strictMs = await connectClients(strict);
  note('connect-strict', evenness(strictMs), `${evennessText(strictMs)}, with \`eventLoopDelayMs: 50\``);
}

/** The router begins to reject when its timers are late by 50 ms. */
const STRICT = 'overload: { eventLoopDelayMs: 50 }\nhealth: { port: 0 }';
const DEFAULTS = 'health: { port: 0 }';

async function startRouter(config = STRICT): Promise<LoadedRouter> {
  const loaded = await startLoadedRouter({ items: 1_500, config });
  // Uses the core of the gateway.
  execFileSync('taskset', ['-acp', '0', String(loaded.router.process.pid)], { stdio: 'ignore' });
  return loaded;
}

function evenness(ms: readonly number[]): number {
  return quantile(ms, 0.99) / quantile(ms, 0.5);
}

function evennessText(ms: readonly number[]): string {
  return `p99 ÷ p50 of the first response, ${ms.length} of ${CLIENTS} clients, p50 ${quantile(ms, 0.5).toFixed(0)} ms`;
}

/** Returns the goodput of a router that gets its full load at once, after it has compiled its code. */
async function offerAtStart(rate: number): Promise<number> {
  await using loaded = await startRouter();
  await offer(loaded, rate);
  await offer(loaded, rate);
  return (await offer(loaded, rate)).goodput;
}

async function offer(
  { load, router }: LoadedRouter,
  rate: number,
  duration: { readonly ms: number; readonly settleMs: number } = { ms: 4_500, settleMs: 2_500 },
): Promise<Round> {
  const report = await load.run({ url: router.url, rate, ...duration, kinds: [ITEMS] });
  return { goodput: outcomeOf(report, 200).perSecond, rejectionP50Ms: outcomeOf(report, 503).p50Ms };
}

/** Starts a process that uses the router's core without a pause until disposed, at most five minutes. */
function startNeighbour(): Disposable {
  const busy = 'const ends = Date.now() + 300_000; while (Date.now() < ends);';
  const child = spawn('taskset', ['-c', '0', process.execPath, '-e', busy], { stdio: 'ignore' });
  return { [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

/**
 * Returns the highest goodput: raises the rate until less than nine tenths of it are served twice in a row.
 */
async function findCapacity(loaded: LoadedRouter): Promise<number> {
  const goodputs: number[] = [];
  let beyond = 0;
  for (let rate = FIRST_RATE; beyond < 2; rate *= NEXT_RATE) {
    const { goodput } = await offer(loaded, rate);
    goodputs.push(goodput);
    beyond = goodput < SERVED_SHARE * rate ? beyond + 1 : 0;
  }
  return Math.max(...goodputs);
}

function connectClients({ load, router }: LoadedRouter): Promise<readonly number[]> {
  const { port, host } = new URL(router.url);
  const body = ITEMS.body;
  const length = Buffer.byteLength(body.replaceAll('$NUMBER', '00000000'));
  const request = `POST /graphql HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`;
  return load.connectAtOnce({
    port: Number(port),
    request,
    busy: 50,
    count: CLIENTS,
    settleMs: 2_000,
    measureMs: 8_000,
  });
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}
