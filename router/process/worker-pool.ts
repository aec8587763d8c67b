import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config-schema.ts';
import type { Inspection } from '../admin/admin-server.ts';
import type { BreakerCommand, CommandResult } from '../admin/breaker-command.ts';
import { openHealthPort } from '../http/health-port.ts';
import { assertPortFree } from '../http/sockets/listeners.ts';
import type { RollbackDecision } from '../rollout/rollout-report.ts';
import type {
  QueryProcesses,
  ProcessResults,
  ProcessQueries,
  QueryName,
} from '../console/process-queries.ts';
import type { Router } from '../router.ts';
import { moduleUrl } from '../shared/module-url.ts';
import { addExited, collectMetrics, combineMetrics, countsIn } from '../telemetry/metrics/collect-metrics.ts';
import { scheduleTimer } from '../shared/schedule.ts';
import { startMetricsPush } from '../telemetry/metrics/push-metrics.ts';
import { packageVersion } from '../telemetry/package-version.ts';
import type { CollectedMetric } from '../telemetry/metrics/collected-metric.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { mergeUsage } from '../usage/usage-json.ts';
import type { UsageJson } from '../usage/usage-json.ts';
import { createOperatorPorts } from '../wiring/operator-ports.ts';

type WorkerReport = Omit<Inspection, 'metrics'> & { readonly metrics: readonly CollectedMetric[] };

type WorkerResponse =
  | { readonly kind: 'report'; readonly report: WorkerReport }
  | { readonly kind: 'done' }
  | { readonly kind: 'readiness'; readonly unready: readonly string[] }
  | { readonly kind: 'usage'; readonly usage: UsageJson | undefined }
  | { readonly kind: 'command'; readonly result: CommandResult }
  | { readonly kind: 'console'; readonly result: unknown };

type WorkerMessage =
  | { readonly kind: 'listening'; readonly port: number }
  /**
   * Message to the pool that a worker has rolled a canary back. The pool forwards it to all workers, so that
   * they end the canary too.
   */
  | { readonly kind: 'rollback'; readonly decision: RollbackDecision }
  | { readonly kind: 'response'; readonly number: number; readonly response: WorkerResponse };

type WorkerRequest =
  | { readonly kind: 'report' | 'readiness' | 'usage' }
  | { readonly kind: 'rollback'; readonly decision: RollbackDecision }
  | { readonly kind: 'command'; readonly command: BreakerCommand }
  | ConsoleRequest;

type ConsoleRequest = {
  readonly [Name in QueryName]: {
    readonly kind: 'console';
    readonly name: Name;
    readonly query: ProcessQueries[Name];
  };
}[QueryName];

type PoolMessage = { readonly number: number; readonly request: WorkerRequest };

/** Processes that share one port and act as one router, with a common admin port, readiness and shutdown. */
export type WorkerPool = AsyncDisposable & {
  readonly port: number;
  readonly adminUrl: string | undefined;
  readonly healthUrl: string | undefined;
  readonly drain: () => Promise<void>;
  /** Makes every worker process load its configuration file again. */
  readonly reloadConfig: () => void;
};

/**
 * Environment variable of the workers that names `router.yaml`, if the file existed at the start. A worker
 * that starts while the file is missing then fails. Without the variable, the worker would use the defaults,
 * which may be less strict than the configuration of the other workers.
 */
const CONFIG_FILE = existsSync('router.yaml') ? { ROUTER_CONFIG: 'router.yaml' } : {};

const PROGRAM = moduleUrl('worker', import.meta.url);
const RESPONSE_TIMEOUT_MS = 1_000;
const RESTART_AFTER_MS = 1_000;
/** Milliseconds after the end of `shutdown.graceMs` at which a worker is killed that has not stopped. */
const KILL_AFTER_MS = 4_000;

/**
 * Starts `config.workers` processes that listen on the same port with SO_REUSEPORT: the kernel
 * distributes the connections. A worker that exits is replaced.
 * @throws {Error} if the workers cannot start
 */
export async function startWorkers(
  config: Config,
  { telemetry }: { readonly telemetry: Telemetry },
): Promise<WorkerPool> {
  const workers = new Map<number, Worker>();
  /**
   * For each subgraph or field, the operator's last command to its circuit breaker, while it is in effect.
   */
  const commands = new Map<string, BreakerCommand>();
  /**
   * For each launch (published supergraph, by its number), the last rollback of its canary. A worker that
   * starts later receives the rollbacks too.
   */
  const rollbacks = new Map<number, RollbackDecision>();
  /** Counters and histograms of the workers that have exited, as of their last reports. */
  let exitedCounts: readonly CollectedMetric[] = [];
  let draining = false;
  let stoppedPush: PromiseLike<void> | undefined;

  async function start(slot: number, port: number): Promise<number> {
    const worker = new Worker(port, rollBack);
    workers.set(slot, worker);
    // Commands to circuit breakers are sent before the worker listens, so that they are in effect at the
    // worker's first request.
    for (const command of commands.values()) void worker.apply(command);
    for (const decision of rollbacks.values()) void worker.rollBack(decision);
    const listening = await worker.listening;
    void worker.ended.then((code) => {
      exitedCounts = addExited(exitedCounts, worker.counts);
      return replace(slot, { port: listening, code });
    });
    return listening;
  }

  async function replace(slot: number, { port, code }: { port: number; code: number | null }): Promise<void> {
    workers.delete(slot);
    if (draining) return;
    telemetry.log.error({ slot, code }, 'worker exited, starting another one');
    await delay(RESTART_AFTER_MS);
    if (!draining) await start(slot, port).catch(() => replace(slot, { port, code }));
  }

  function rollBack(decision: RollbackDecision): void {
    const before = rollbacks.get(decision.launch);
    // Several workers may decide to roll back the same canary. Only the first decision is forwarded.
    if (before !== undefined && decision.began <= before.began) return;
    rollbacks.set(decision.launch, decision);
    for (const worker of workers.values()) void worker.rollBack(decision);
  }

  async function stopWorkers(): Promise<void> {
    draining = true;
    const { lameDuckMs, graceMs } = config.shutdown;
    const limitMs = lameDuckMs + graceMs + KILL_AFTER_MS;
    await Promise.all(
      [...workers].map(async ([slot, worker]) => {
        if ((await worker.stop(limitMs)) === 'killed')
          telemetry.log.error({ slot }, 'worker did not stop in time, killed');
      }),
    );
  }

  async function drain(): Promise<void> {
    draining = true;
    healthPort?.publish();
    // Metrics are pushed a last time before the workers stop, because the push needs the reports of the
    // workers.
    stoppedPush ??= push?.[Symbol.asyncDispose]();
    await Promise.all([stoppedPush, stopWorkers()]);
  }

  async function applyBreakerCommand(command: BreakerCommand): Promise<CommandResult> {
    const key = JSON.stringify([command.subgraph, command.field]);
    const before = commands.get(key);
    const lasting = command.state === 'auto' ? undefined : command;
    // The command is stored before it is sent, so that workers which start during sending receive it too.
    store(key, lasting);
    const responses = await Promise.all([...workers.values()].map((worker) => worker.apply(command)));
    const results = responses.filter((response) => response !== undefined);
    const result = results.find(({ kind }) => kind === 'applied') ?? results[0];
    if (result === undefined) throw new Error('no worker responds');
    // If the workers rejected the command, the previous command applies again, unless a later command was
    // stored while this one was being sent.
    if (result.kind === 'rejected' && commands.get(key) === lasting) store(key, before);
    return result;
  }

  function store(key: string, command: BreakerCommand | undefined): void {
    if (command === undefined) commands.delete(key);
    else commands.set(key, command);
  }

  // If a step of the start fails, everything that was started before is stopped, because running workers
  // would keep this process running.
  await using started = new AsyncDisposableStack();
  started.defer(stopWorkers);
  await assertPortFree(config.listen);
  // If the configured port is 0, the first worker listens on a free port, and all other workers use the same
  // port.
  const port = await start(0, config.listen.port);
  await Promise.all(Array.from({ length: config.workers - 1 }, (_, index) => start(index + 1, port)));

  async function inspect(): Promise<Inspection> {
    // The counts are read before the reports are awaited. Otherwise a worker that exits during the wait would
    // be counted twice: in its report and in `exitedCounts`.
    const counts = exitedCounts;
    const reports = await Promise.all([...workers.values()].map((worker) => worker.report()));
    return inspectAll(reports, { counts, draining });
  }

  const ports = createOperatorPorts(config, {
    telemetry,
    inspect,
    processes: queryWorkers(() => [...workers.values()]),
    applyBreakerCommand,
    usage: async () => usageOf(await Promise.all([...workers.values()].map((worker) => worker.usage()))),
    clientPort: () => port,
    now: Date.now,
    fetch,
  });
  const admin = await ports.openAdminPort();
  started.use(admin);
  const push = await startMetricsPush(config.telemetry, {
    collect: async () => collectMetrics((await inspect()).metrics),
    log: telemetry.log,
    now: Date.now,
    version: packageVersion(),
    schedule: scheduleTimer,
  });
  started.use(push);
  const healthPort = await openHealthPort(config, async () => {
    const unready = draining
      ? []
      : await Promise.all([...workers.values()].map((worker) => worker.unready()));
    return unreadiness(unready, draining);
  });
  started.move();
  return {
    port,
    adminUrl: admin?.url,
    healthUrl: healthPort?.url,
    drain,
    reloadConfig() {
      telemetry.reopenAuditFile();
      for (const worker of workers.values()) worker.reloadConfig();
    },
    async [Symbol.asyncDispose]() {
      await drain();
      await admin?.[Symbol.asyncDispose]();
      await healthPort?.[Symbol.asyncDispose]();
    },
  };
}

function queryWorkers(workers: () => readonly Worker[]): QueryProcesses {
  return {
    async all(name, query) {
      const results = await Promise.all(workers().map((worker) => worker.query(name, query)));
      return results.flatMap((one) => (one === undefined ? [] : [one.result]));
    },
    async one(name, query) {
      for (const worker of workers()) {
        const given = await worker.query(name, query);
        if (given !== undefined) return given.result;
      }
      return undefined;
    },
  };
}

/** Handles the requests that the pool sends to a worker, and exits when the pool has exited. */
export function serveInPool(router: Router): void {
  process.on('message', ({ number, request }: PoolMessage) => {
    void respond(router, request).then((response) => sendToPool({ kind: 'response', number, response }));
  });
  router.onRollback((decision) => sendToPool({ kind: 'rollback', decision }));
  const stop = () => process.kill(process.pid, 'SIGTERM');
  // If the pool has exited while this worker was starting, the event `disconnect` is not emitted again.
  if (process.connected) process.once('disconnect', stop);
  else stop();
  // The open channel to the pool must not keep a worker running after it has drained.
  process.channel?.unref();
  sendToPool({ kind: 'listening', port: Number(new URL(router.url).port) });
}

async function respond(router: Router, request: WorkerRequest): Promise<WorkerResponse> {
  if (request.kind === 'command')
    return { kind: 'command', result: router.applyBreakerCommand(request.command) };
  if (request.kind === 'console') return await queryProcess(router, request);
  if (request.kind === 'usage') return { kind: 'usage', usage: await router.usage() };
  if (request.kind === 'rollback') {
    router.rollBack(request.decision);
    return { kind: 'done' };
  }
  const { metrics, ...rest } = await router.inspect();
  if (request.kind === 'readiness') return { kind: 'readiness', unready: rest.unready };
  return { kind: 'report', report: { ...rest, metrics: await collectMetrics(metrics) } };
}

async function queryProcess(
  { queryProcess: result, telemetry }: Router,
  { name, query }: ConsoleRequest,
): Promise<WorkerResponse> {
  try {
    return { kind: 'console', result: await result(name, query) };
  } catch (error) {
    telemetry.log.error({ err: error, query: name }, 'query of the console failed');
    return { kind: 'done' };
  }
}

function sendToPool(message: WorkerMessage): void {
  // The empty callback receives the error if the channel to the pool is closed. Without a callback, the error
  // would be uncaught. The event `disconnect` already stops the worker.
  process.send?.(message, undefined, undefined, () => undefined);
}

/** @param counts counters and histograms of the workers that have exited */
function inspectAll(
  reports: readonly WorkerReport[],
  { counts, draining }: { readonly counts: readonly CollectedMetric[]; readonly draining: boolean },
): Inspection {
  return {
    metrics: combineMetrics([...reports.map(({ metrics }) => metrics), counts]),
    state: reports.map(({ state }) => state),
    supergraphs: reports.flatMap(({ supergraphs }) => supergraphs),
    unready: unreadiness(
      reports.map(({ unready }) => unready),
      draining,
    ),
  };
}

function usageOf(reports: readonly (UsageJson | undefined)[]): UsageJson | undefined {
  const known = reports.filter((report) => report !== undefined);
  return known.length === 0 ? undefined : mergeUsage(known);
}

/** Returns the reasons why a pool is not ready, combined from those of its workers. */
function unreadiness(workers: readonly (readonly string[])[], draining: boolean): readonly string[] {
  if (draining) return ['draining'];
  return workers.length === 0 ? ['no worker is running'] : [...new Set(workers.flat())];
}

const UNRESPONSIVE: WorkerReport = {
  metrics: [],
  state: 'silent',
  unready: ['a worker does not respond'],
  supergraphs: [],
};

/** A worker process of the pool. */
class Worker {
  readonly listening: Promise<number>;
  readonly ended: Promise<number | null>;
  /** Counters and histograms in the last report of the worker. */
  counts: readonly CollectedMetric[] = [];
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, (response: WorkerResponse) => void>();
  #requests = 0;

  constructor(port: number, onRollback: (decision: RollbackDecision) => void) {
    // The worker inherits the environment, except for the port, and reads the configuration itself.
    this.#process = fork(PROGRAM, { env: { ...CONFIG_FILE, ...process.env, PORT: String(port) } });
    this.ended = once(this.#process, 'exit').then(([code]) => code);
    const listening = Promise.withResolvers<number>();
    this.listening = listening.promise;
    this.#process.on('message', (message: WorkerMessage) => {
      if (message.kind === 'listening') listening.resolve(message.port);
      else if (message.kind === 'rollback') onRollback(message.decision);
      else this.#pending.get(message.number)?.(message.response);
    });
    void this.ended.then((code) =>
      listening.reject(new Error(`a worker exited with code ${code} before it was ready`)),
    );
  }

  /**
   * Returns the state and the metrics of the worker. A worker that does not respond in time is reported as
   * not ready, with the counts of its last report.
   */
  async report(): Promise<WorkerReport> {
    const response = await this.#request({ kind: 'report' });
    if (response?.kind !== 'report') return { ...UNRESPONSIVE, metrics: this.counts };
    this.counts = countsIn(response.report.metrics);
    return response.report;
  }

  /** Returns the reasons why the worker is not ready. A worker that does not respond in time is not ready. */
  async unready(): Promise<readonly string[]> {
    const response = await this.#request({ kind: 'readiness' });
    return response?.kind === 'readiness' ? response.unready : UNRESPONSIVE.unready;
  }

  /** Returns the usage that the worker has recorded; undefined if the worker does not respond in time. */
  async usage(): Promise<UsageJson | undefined> {
    const response = await this.#request({ kind: 'usage' });
    return response?.kind === 'usage' ? response.usage : undefined;
  }

  /**
   * Applies an operator's command to a circuit breaker in the worker. Returns undefined if the worker does
   * not respond in time.
   */
  async apply(command: BreakerCommand): Promise<CommandResult | undefined> {
    const response = await this.#request({ kind: 'command', command });
    return response?.kind === 'command' ? response.result : undefined;
  }

  /**
   * Runs a query of the router's console, such as `requests` or `history`, in this worker. Returns undefined
   * if the worker does not respond in time.
   */
  async query<Name extends QueryName>(
    name: Name,
    query: ProcessQueries[Name],
  ): Promise<{ readonly result: ProcessResults[Name] } | undefined> {
    const response = await this.#request({ kind: 'console', name, query } as ConsoleRequest);
    // The cast is safe: the worker runs the same program, which returns this type for `name`.
    return response?.kind === 'console' ? { result: response.result as ProcessResults[Name] } : undefined;
  }

  /** Ends a canary in this worker, because another worker has rolled it back. */
  async rollBack(decision: RollbackDecision): Promise<void> {
    await this.#request({ kind: 'rollback', decision });
  }

  /**
   * Makes the worker load its configuration file again, by a signal. The signal is sent only after the worker
   * listens, because a worker that is still starting has no handler for the signal and would exit.
   */
  reloadConfig(): void {
    void this.listening.then(
      () => this.#process.kill('SIGHUP'),
      () => undefined,
    );
  }

  /**
   * Resolves when the worker has ended. One that has not after `limitMs`, because its event loop is blocked
   * or the process is frozen, is killed: it would keep the port.
   */
  async stop(limitMs: number): Promise<'stopped' | 'killed'> {
    let outcome: 'stopped' | 'killed' = 'stopped';
    const timer = setTimeout(() => {
      outcome = 'killed';
      this.#process.kill('SIGKILL');
    }, limitMs);
    this.#process.kill('SIGTERM');
    await this.ended;
    clearTimeout(timer);
    return outcome;
  }

  async #request(request: WorkerRequest): Promise<WorkerResponse | undefined> {
    const number = this.#requests++;
    const { promise, resolve } = Promise.withResolvers<WorkerResponse>();
    this.#pending.set(number, resolve);
    const message: PoolMessage = { number, request };
    this.#process.send(message, () => undefined);
    const response = await Promise.race([promise, delay(RESPONSE_TIMEOUT_MS, undefined)]);
    this.#pending.delete(number);
    return response;
  }
}
