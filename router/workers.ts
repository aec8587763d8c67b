import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { AggregatorRegistry } from 'prom-client';
import type { MetricObject } from 'prom-client';
import type { Config } from './config/config-schema.ts';
import { listenAdmin } from './ingress/admin-server.ts';
import type { Inspection } from './ingress/admin-server.ts';
import type { Router } from './router.ts';
import type { Telemetry } from './telemetry.ts';

type Report = Omit<Inspection, 'metrics'> & { readonly metrics: readonly MetricObject[] };

type FromWorker =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'report'; readonly number: number; readonly report: Report };

type ToWorker = { readonly kind: 'report'; readonly number: number };

/** Processes that serve one port together, as one router: one admin port, one readiness, one drain. */
export type WorkerPool = AsyncDisposable & {
  readonly port: number;
  readonly adminUrl: string | undefined;
  readonly drain: () => Promise<void>;
};

const REPORT_WITHIN_MS = 1_000;
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
  let draining = false;

  async function start(slot: number, port: number): Promise<number> {
    const worker = new Worker(program, port);
    workers.set(slot, worker);
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

  // The first one settles the port, where any free one will do.
  const port = await start(0, config.listen.port);
  await Promise.all(Array.from({ length: config.workers - 1 }, (_, index) => start(index + 1, port)));

  const reports = () => Promise.all([...workers.values()].map((worker) => worker.report()));
  const admin = config.admin.enabled
    ? await listenAdmin(config.admin, async () => inspectAll(await reports(), draining))
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
  process.on('message', ({ number }: ToWorker) => {
    void router.inspect().then(async ({ metrics, ...rest }) => {
      tell({ kind: 'report', number, report: { ...rest, metrics: await metrics.getMetricsAsJSON() } });
    });
  });
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // A worker that has drained ends, although the pool could still ask.
  process.channel?.unref();
  tell({ kind: 'listening', port: Number(new URL(router.url).port) });
}

function tell(message: FromWorker): void {
  process.send?.(message);
}

function inspectAll(reports: readonly Report[], draining: boolean): Inspection {
  const reasons = draining ? ['draining'] : reports.flatMap(({ unready }) => unready);
  return {
    metrics: AggregatorRegistry.aggregate(reports.map(({ metrics }) => [...metrics])),
    state: reports.map(({ state }) => state),
    unready: reports.length === 0 ? ['no worker runs'] : [...new Set(reasons)],
  };
}

/** One process of the pool. */
class Worker {
  readonly listening: Promise<number>;
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;
  readonly #asked = new Map<number, (report: Report) => void>();
  #questions = 0;

  constructor(program: string, port: number) {
    // The environment of the pool, the port apart: the configuration is read again by each worker.
    this.#process = fork(program, ['--worker'], { env: { ...process.env, PORT: String(port) } });
    this.ended = once(this.#process, 'exit').then(([code]) => code);
    const listening = Promise.withResolvers<number>();
    this.listening = listening.promise;
    this.#process.on('message', (message: FromWorker) => {
      if (message.kind === 'listening') listening.resolve(message.port);
      else this.#asked.get(message.number)?.(message.report);
    });
    void this.ended.then((code) =>
      listening.reject(new Error(`a worker ended with code ${code} before it was ready`)),
    );
  }

  /** What the worker knows of itself; that it is not ready, when it does not say in time. */
  async report(): Promise<Report> {
    const number = this.#questions++;
    const { promise, resolve } = Promise.withResolvers<Report>();
    this.#asked.set(number, resolve);
    const question: ToWorker = { kind: 'report', number };
    this.#process.send(question, () => undefined);
    const silent = delay(REPORT_WITHIN_MS, {
      metrics: [],
      state: 'silent',
      unready: ['a worker does not answer'],
    });
    const report = await Promise.race([promise, silent]);
    this.#asked.delete(number);
    return report;
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.ended;
  }
}
