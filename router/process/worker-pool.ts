import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { AggregatorRegistry } from 'prom-client';
import type { MetricObject } from 'prom-client';
import type { Config } from '../config/config-schema.ts';
import { listenAdmin } from '../admin/admin-server.ts';
import type { Inspection } from '../admin/admin-server.ts';
import type { BreakerOrder, Obedience } from '../admin/breaker-command.ts';
import { assertPortFree } from '../http/sockets/listeners.ts';
import type { Router } from '../router.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

type Report = Omit<Inspection, 'metrics'> & { readonly metrics: readonly MetricObject[] };

type Answer =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'order'; readonly obedience: Obedience };

type FromWorker =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'answer'; readonly number: number; readonly answer: Answer };

type Question = { readonly kind: 'report' } | { readonly kind: 'order'; readonly order: BreakerOrder };

type ToWorker = { readonly number: number; readonly question: Question };

/** Processes that serve one port together, as one router: one admin port, one readiness, one drain. */
export type WorkerPool = AsyncDisposable & {
  readonly port: number;
  readonly adminUrl: string | undefined;
  readonly drain: () => Promise<void>;
};

/** Argument of a process that is started as a worker. */
export const WORKER = '--worker';

const ANSWER_WITHIN_MS = 1_000;
const RESTART_AFTER_MS = 1_000;

/**
 * Starts `config.workers` processes of `program`, which listen on one port with SO_REUSEPORT: the kernel deals out the
 * connections. A worker that dies is replaced.
 * @throws {Error} when the workers cannot start
 */
export async function startWorkers(
  config: Config,
  { program, telemetry }: { readonly program: string; readonly telemetry: Telemetry },
): Promise<WorkerPool> {
  const workers = new Map<number, Worker>();
  /** What breakers are held to, by subgraph and field. */
  const orders = new Map<string, BreakerOrder>();
  let draining = false;

  async function start(slot: number, port: number): Promise<number> {
    const worker = new Worker(program, port);
    workers.set(slot, worker);
    // Before it has listened: it holds them by the time of its first request.
    for (const order of orders.values()) void worker.obey(order);
    const listening = await worker.listening;
    void worker.ended.then((code) => replace(slot, { port: listening, code }));
    return listening;
  }

  async function replace(slot: number, { port, code }: { port: number; code: number | null }): Promise<void> {
    workers.delete(slot);
    if (draining) return;
    telemetry.log.error({ slot, code }, 'a worker ended; another takes its place');
    await delay(RESTART_AFTER_MS);
    if (!draining) await start(slot, port).catch(() => replace(slot, { port, code }));
  }

  async function drain(): Promise<void> {
    draining = true;
    await Promise.all([...workers.values()].map((worker) => worker.stop()));
  }

  async function orderBreaker(order: BreakerOrder): Promise<Obedience> {
    const key = JSON.stringify([order.subgraph, order.field]);
    const before = orders.get(key);
    const standing = order.state === 'auto' ? undefined : order;
    // First: a worker that starts meanwhile is to have it.
    keep(key, standing);
    const answers = await Promise.all([...workers.values()].map((worker) => worker.obey(order)));
    const told = answers.filter((obedience) => obedience !== undefined);
    const outcome = told.find(({ kind }) => kind === 'obeyed') ?? told[0];
    if (outcome === undefined) throw new Error('no worker answers');
    // Unless another has come since.
    if (outcome.kind === 'refused' && orders.get(key) === standing) keep(key, before);
    return outcome;
  }

  function keep(key: string, order: BreakerOrder | undefined): void {
    if (order === undefined) orders.delete(key);
    else orders.set(key, order);
  }

  await assertPortFree(config.listen);
  // The first one settles the port, where any free one will do.
  const port = await start(0, config.listen.port);
  await Promise.all(Array.from({ length: config.workers - 1 }, (_, index) => start(index + 1, port)));

  const reports = () => Promise.all([...workers.values()].map((worker) => worker.report()));
  const admin = config.admin.enabled
    ? await listenAdmin(config, {
        now: Date.now,
        inspect: async () => inspectAll(await reports(), draining),
        orderBreaker,
      })
    : undefined;
  return {
    port,
    adminUrl: admin?.url,
    drain,
    async [Symbol.asyncDispose]() {
      await drain();
      await admin?.[Symbol.asyncDispose]();
    },
  };
}

/** Answers the pool's questions in a worker, and ends it when the pool is gone. */
export function serveInPool(router: Router): void {
  process.on('message', ({ number, question }: ToWorker) => {
    void answer(router, question).then((answered) => tell({ kind: 'answer', number, answer: answered }));
  });
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // A worker that has drained ends, although the pool could still ask.
  process.channel?.unref();
  tell({ kind: 'listening', port: Number(new URL(router.url).port) });
}

async function answer(router: Router, question: Question): Promise<Answer> {
  if (question.kind === 'order') return { kind: 'order', obedience: router.orderBreaker(question.order) };
  const { metrics, ...rest } = await router.inspect();
  return { kind: 'report', report: { ...rest, metrics: await metrics.getMetricsAsJSON() } };
}

function tell(message: FromWorker): void {
  // A pool that has gone meanwhile is noticed by the disconnection; without a callback it would be an uncaught error.
  process.send?.(message, undefined, undefined, () => undefined);
}

function inspectAll(reports: readonly Report[], draining: boolean): Inspection {
  const reasons = draining ? ['draining'] : reports.flatMap(({ unready }) => unready);
  return {
    metrics: AggregatorRegistry.aggregate(reports.map(({ metrics }) => [...metrics])),
    state: reports.map(({ state }) => state),
    supergraphs: reports.flatMap(({ supergraphs }) => supergraphs),
    unready: reports.length === 0 ? ['no worker runs'] : [...new Set(reasons)],
  };
}

const SILENT: Report = {
  metrics: [],
  state: 'silent',
  unready: ['a worker does not answer'],
  supergraphs: [],
};

/** One process of the pool. */
class Worker {
  readonly listening: Promise<number>;
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;
  readonly #asked = new Map<number, (answer: Answer) => void>();
  #questions = 0;

  constructor(program: string, port: number) {
    // The environment of the pool, the port apart: the configuration is read again by each worker.
    this.#process = fork(program, [WORKER], { env: { ...process.env, PORT: String(port) } });
    this.ended = once(this.#process, 'exit').then(([code]) => code);
    const listening = Promise.withResolvers<number>();
    this.listening = listening.promise;
    this.#process.on('message', (message: FromWorker) => {
      if (message.kind === 'listening') listening.resolve(message.port);
      else this.#asked.get(message.number)?.(message.answer);
    });
    void this.ended.then((code) =>
      listening.reject(new Error(`a worker ended with code ${code} before it was ready`)),
    );
  }

  /** What the worker knows of itself; that it is not ready, when it does not say in time. */
  async report(): Promise<Report> {
    const answered = await this.#ask({ kind: 'report' });
    return answered?.kind === 'report' ? answered.report : SILENT;
  }

  /** Undefined when it does not say in time. */
  async obey(order: BreakerOrder): Promise<Obedience | undefined> {
    const answered = await this.#ask({ kind: 'order', order });
    return answered?.kind === 'order' ? answered.obedience : undefined;
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.ended;
  }

  async #ask(question: Question): Promise<Answer | undefined> {
    const number = this.#questions++;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#asked.set(number, resolve);
    const message: ToWorker = { number, question };
    this.#process.send(message, () => undefined);
    const answered = await Promise.race([promise, delay(ANSWER_WITHIN_MS, undefined)]);
    this.#asked.delete(number);
    return answered;
  }
}
