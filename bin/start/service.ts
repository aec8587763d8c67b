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
  /** Receives a sentence for each event of a service after its start. */
  readonly onNews: (sentence: string) => void;
};

const EXIT_WITH_PARENT = new URL('exit-with-parent.ts', import.meta.url).href;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;
const SETTLED_MS = 60_000;
const POLL_MS = 100;

type Phase = 'starting' | 'running' | 'stopping';

/** A child process with readiness, restarts after a crash, and a bounded stop. */
export class Service {
  readonly name: string;
  readonly #program: Program;
  readonly #parts: ServiceParts;
  readonly #stop = new AbortController();
  readonly #startFailed = Promise.withResolvers<never>();
  #child: ChildProcess;
  #phase: Phase = 'starting';
  #lastLine = '';
  #backoffMs = FIRST_BACKOFF_MS;

  constructor(program: Program, parts: ServiceParts) {
    this.name = program.name;
    this.#program = program;
    this.#parts = parts;
    // `ready` reports the reason; without this handler a rejection before its call would end the process.
    this.#startFailed.promise.catch(() => undefined);
    this.#child = this.#spawn();
  }

  /** Resolves when the service is ready for the first time; from then on it is restarted after a crash. */
  async ready(timeoutMs: number): Promise<void> {
    await Promise.race([this.#untilReady(timeoutMs), this.#startFailed.promise]);
    if (this.#phase === 'starting') this.#phase = 'running';
  }

  /** Lets the service drain for at most `graceMs`. Returns false if it had to be killed. */
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
      [...this.#program.nodeFlags, '--import', EXIT_WITH_PARENT, this.#program.file, ...this.#program.args],
      {
        env: { ...this.#parts.environment, ...this.#program.environment },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        // In its own process group, so that Ctrl-C reaches only the parent, which stops the services in
        // order.
        detached: true,
      },
    );
    const startedAt = performance.now();
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) this.#read(stream);
    child.once('error', (error) => this.#startFailed.reject(error));
    child.once('close', () => void this.#ended(child, performance.now() - startedAt));
    return child;
  }

  #read(stream: Readable): void {
    createInterface({ input: stream }).on('line', (line) => {
      // The reason of a crash precedes an indented stack, a brace and the version of Node.
      if (/^\S/.test(line) && !/^(\}|Node\.js v)/.test(line)) this.#lastLine = line;
      this.#parts.onLine(this.name, line);
    });
  }

  async #ended(child: ChildProcess, livedMs: number): Promise<void> {
    switch (this.#phase) {
      case 'stopping':
        return;
      case 'starting':
        this.#startFailed.reject(new StartError(this.#crashReason(child)));
        return;
      case 'running':
        return this.#restart(child, livedMs);
    }
  }

  #crashReason(child: ChildProcess): string {
    const output = this.#lastLine === '' ? 'without output' : `last output: "${this.#lastLine.trim()}"`;
    return `${this.name} ended while starting (${outcome(child)}), ${output}.`;
  }

  async #restart(child: ChildProcess, livedMs: number): Promise<void> {
    if (livedMs > SETTLED_MS) this.#backoffMs = FIRST_BACKOFF_MS;
    const waitMs = this.#backoffMs;
    this.#backoffMs = Math.min(waitMs * 2, LONGEST_BACKOFF_MS);
    this.#parts.onNews(
      `${this.name} ended (${outcome(child)}) and is started again in ${waitMs / 1000} s; responses lack its data meanwhile.`,
    );
    await delay(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    if (this.#phase !== 'running') return;
    this.#child = this.#spawn();
    if (await this.#isBack(this.#child)) this.#parts.onNews(`${this.name} is back.`);
  }

  async #isBack(child: ChildProcess): Promise<boolean> {
    while (!hasEnded(child) && this.#phase === 'running') {
      if (await this.#isReady()) return true;
      await delay(POLL_MS);
    }
    return false;
  }

  async #untilReady(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline && this.#phase === 'starting') {
      if (await this.#isReady()) return;
      await delay(POLL_MS);
    }
    if (this.#phase === 'stopping') return;
    throw new StartError(
      `${this.name} is not ready after ${timeoutMs / 1000} s; the lines above may say why.`,
    );
  }

  async #isReady(): Promise<boolean> {
    const { host, port, readyPath = '/health/ready' } = this.#program;
    try {
      const url = `http://${reachable(host)}:${port}${readyPath}`;
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }
}

/** Returns the address at which this machine reaches a listener. */
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
