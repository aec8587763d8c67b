import { setTimeout as delay } from 'node:timers/promises';
import { isRecord } from '../../router/shared/is-record.ts';
import { spawnRouter } from '../support/processes/router-process.ts';
import type { SpawnedRouter } from '../support/processes/router-process.ts';
import { now } from './history.ts';
import type { History, RouterLife } from './history.ts';
import { GRACE_MS, NOTICED_MS } from './settings.ts';

/** A slot for one router: a restart puts a new process into it, with the same configuration. */
export class RouterSlot implements AsyncDisposable {
  readonly #index: number;
  readonly #directory: string;
  readonly #history: History;
  #running: { readonly router: SpawnedRouter; readonly life: RouterLife } | undefined;
  #accepts = false;
  #url = '';

  /** A folder that contains a `router.yaml`. */
  constructor(index: number, directory: string, history: History) {
    this.#index = index;
    this.#directory = directory;
    this.#history = history;
  }

  /** URL of the current process. */
  get url(): string {
    return this.#url;
  }

  /** Process id of the current process; undefined before the first start. */
  get pid(): number | undefined {
    return this.#running?.router.process.pid;
  }

  /** Whether a load balancer would send requests to this router. */
  get accepts(): boolean {
    return this.#accepts;
  }

  async start(): Promise<void> {
    const life: RouterLife = {
      router: this.#index,
      began: now(),
      served: [],
      failures: [],
      stopped: undefined,
      ended: undefined,
    };
    this.#history.routerLives.push(life);
    const router = spawnRouter(this.#directory, {
      onLine: (line) => this.#read(line, life),
      // A healthy router writes nothing to stderr; a leak of listeners, for example, writes a warning.
      onWarning: (text) => life.failures.push(text.slice(0, 2_000)),
    });
    void router.exited.then((code) => {
      life.ended = { at: now(), code };
      this.#accepts = false;
    });
    this.#running = { router, life };
    this.#url = (await router.ready).url;
    this.#accepts = true;
  }

  /** Ends the process by the signal of an operator or like a failing machine; resolves after its exit. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const running = this.#running;
    if (running === undefined || running.life.ended !== undefined) return;
    if (signal === 'SIGKILL') this.#accepts = false;
    running.life.stopped = { at: now(), signal };
    running.router.process.kill(signal);
    // A load balancer continues to send until it has seen that the router is not ready any more.
    if (signal === 'SIGTERM') await delay(NOTICED_MS);
    this.#accepts = false;
    const kill = setTimeout(() => running.router.process.kill('SIGKILL'), 2 * GRACE_MS);
    await running.router.exited;
    clearTimeout(kill);
    await running.router.logRead;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }

  #read(line: unknown, life: RouterLife): void {
    if (!isRecord(line)) return;
    const { msg, generation } = line;
    const known = typeof generation === 'string' ? generation : undefined;
    if (msg === 'request') {
      const { requestId, status } = line;
      this.#history.routerLines.push({
        router: this.#index,
        requestId: String(requestId),
        status: Number(status),
        generation: known,
      });
    } else if (msg === 'supergraph activated' && known !== undefined) {
      life.served.push({ at: Date.parse(String(line['time'])), generation: known });
    } else if (line['level'] === 'error' && msg !== 'supergraph rejected') {
      life.failures.push(JSON.stringify(line).slice(0, 2_000));
    }
  }
}
