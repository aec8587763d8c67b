import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from '../../router/config/yaml/read-yaml.ts';
import type { Program } from './programs.ts';
import { StartError } from './start-error.ts';

export type ServiceParts = {
  readonly environment: Environment;
  readonly onLine: (name: string, line: string) => void;
  /** Told what happens to a service after its start, as a sentence. */
  readonly onNews: (sentence: string) => void;
};

const EXIT_WITH_PARENT = new URL('exit-with-parent.ts', import.meta.url).href;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;
const SETTLED_MS = 60_000;
const POLL_MS = 100;

type Phase = 'starting' | 'kept' | 'stopping';

/** A child process that is started, waited for, started again when it dies, and stopped within a bound. */
export class Service {
  readonly name: string;
  readonly #program: Program;
  readonly #parts: ServiceParts;
  readonly #stop = new AbortController();
  readonly #diedEarly = Promise.withResolvers<never>();
  #child: ChildProcess;
  #phase: Phase = 'starting';
  #lastLine = '';
  #backoffMs = FIRST_BACKOFF_MS;

  constructor(program: Program, parts: ServiceParts) {
    this.name = program.name;
    this.#program = program;
    this.#parts = parts;
    // The reason is read by whoever waits for readiness; nobody may be waiting yet.
    this.#diedEarly.promise.catch(() => undefined);
    this.#child = this.#spawn();
  }

  /** Resolves when the service first answers that it is ready; from then on it is kept running. */
  async ready(timeoutMs: number): Promise<void> {
    await Promise.race([this.#answers(timeoutMs), this.#diedEarly.promise]);
    if (this.#phase === 'starting') this.#phase = 'kept';
  }

  /** Lets the service finish what it does, at most `graceMs`. False when it had to be killed. */
  async stop(graceMs: number): Promise<boolean> {
    this.#phase = 'stopping';
    this.#stop.abort();
    const child = this.#child;
    if (hasEnded(child)) return true;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(timer);
    return child.signalCode !== 'SIGKILL';
  }

  kill(): void {
    this.#phase = 'stopping';
    this.#child.kill('SIGKILL');
  }

  #spawn(): ChildProcess {
    const child = spawn(
      process.execPath,
      [...this.#program.nodeFlags, '--import', EXIT_WITH_PARENT, this.#program.file],
      {
        env: { ...this.#parts.environment, ...this.#program.environment },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        // A process group of its own: Ctrl-C reaches only the starter, which stops the services in order.
        detached: true,
      },
    );
    const startedAt = performance.now();
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) this.#read(stream);
    child.once('error', (error) => this.#diedEarly.reject(error));
    child.once('close', () => void this.#ended(child, performance.now() - startedAt));
    return child;
  }

  #read(stream: Readable): void {
    createInterface({ input: stream }).on('line', (line) => {
      // The reason of a crash stands above an indented stack, a brace and the version of Node.
      if (/^\S/.test(line) && !/^(\}|Node\.js v)/.test(line)) this.#lastLine = line;
      this.#parts.onLine(this.name, line);
    });
  }

  async #ended(child: ChildProcess, livedMs: number): Promise<void> {
    switch (this.#phase) {
      case 'stopping':
        return;
      case 'starting':
        this.#diedEarly.reject(new StartError(this.#whyItDied(child)));
        return;
      case 'kept':
        return this.#startAgain(child, livedMs);
    }
  }

  #whyItDied(child: ChildProcess): string {
    const said = this.#lastLine === '' ? 'without a word' : `saying "${this.#lastLine.trim()}"`;
    return `${this.name} ended while starting (${outcome(child)}), ${said}.`;
  }

  async #startAgain(child: ChildProcess, livedMs: number): Promise<void> {
    if (livedMs > SETTLED_MS) this.#backoffMs = FIRST_BACKOFF_MS;
    const waitMs = this.#backoffMs;
    this.#backoffMs = Math.min(waitMs * 2, LONGEST_BACKOFF_MS);
    this.#parts.onNews(
      `${this.name} ended (${outcome(child)}) and is started again in ${waitMs / 1000} s; answers lack its part meanwhile.`,
    );
    await delay(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    if (this.#phase !== 'kept') return;
    this.#child = this.#spawn();
    if (await this.#isBack(this.#child)) this.#parts.onNews(`${this.name} is back.`);
  }

  async #isBack(child: ChildProcess): Promise<boolean> {
    while (!hasEnded(child) && this.#phase === 'kept') {
      if (await this.#answersOnce()) return true;
      await delay(POLL_MS);
    }
    return false;
  }

  async #answers(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline && this.#phase === 'starting') {
      if (await this.#answersOnce()) return;
      await delay(POLL_MS);
    }
    if (this.#phase === 'stopping') return;
    throw new StartError(
      `${this.name} is not ready after ${timeoutMs / 1000} s; the lines above may say why.`,
    );
  }

  async #answersOnce(): Promise<boolean> {
    const { host, port } = this.#program;
    try {
      const url = `http://${reachable(host)}:${port}/health/ready`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false;
    }
  }
}

/** The address under which a listener on every address is reached from here. */
export function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function outcome(child: ChildProcess): string {
  return child.signalCode === null ? `exit code ${String(child.exitCode)}` : child.signalCode;
}
