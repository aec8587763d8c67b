import { Worker } from 'node:worker_threads';
import { moduleUrl } from '../shared/module-url.ts';
import type { Config } from '../config/config-schema.ts';
import { serverOptions, urlAt } from './http-server.ts';
import { SECURITY_HEADERS } from './standing-headers.ts';
import type { StandingHeaders } from './standing-headers.ts';

/**
 * Message of the main thread to the thread that serves health checks: the reasons why the router is not
 * ready. If no message arrives for some time, that thread reports that the process is not live.
 */
export type Heartbeat = readonly string[];

/**
 * First message from the thread that serves health checks to the main thread: either the port on which the
 * thread listens, or the error because of which the thread cannot listen. The error code, such as
 * `EADDRINUSE`, is a separate member, because an error that is posted to another thread loses its `code`.
 */
export type ThreadStart =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined };

export type ThreadOptions = {
  readonly host: string;
  readonly port: number;
  readonly stalledAfterMs: number;
  /** Headers of every response of the health port. */
  readonly standing: StandingHeaders;
  readonly server: ReturnType<typeof serverOptions>;
};

/** A port for health checks only. A separate thread serves this port. */
export type HealthPort = AsyncDisposable & {
  readonly url: string;
  /** Sends the current readiness of the router to the thread that serves health checks. */
  readonly publish: () => void;
};

const HEARTBEATS_PER_STALL = 4;
const MAX_HEARTBEAT_INTERVAL_MS = 250;

// Limits of the V8 heap of the thread that serves health checks. By default, its young generation would be as
// large as that of the main thread, which is far more than this thread needs.
const HEAP = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 };

/**
 * Serves health checks in a separate thread, so that a busy event loop of the router does not delay them. The
 * thread reports the readiness that the router published last. If the router publishes nothing for some time,
 * the thread reports the process as not live.
 * @throws {Error} EADDRINUSE if the port is in use
 */
export async function openHealthPort(
  config: Pick<Config, 'health' | 'listen' | 'limits'>,
  unready: () => readonly string[] | Promise<readonly string[]>,
): Promise<HealthPort | undefined> {
  const { host, port, stalledAfterMs } = config.health;
  if (port === undefined) return undefined;
  const thread = startThread({
    host,
    port,
    stalledAfterMs,
    standing: { ...SECURITY_HEADERS, 'cache-control': 'no-store' },
    server: serverOptions(config),
  });
  const bound = await listeningPort(thread);
  // A listening thread keeps its process running. `unref` prevents this, so that the router can exit.
  thread.unref();
  const publish = async () => thread.postMessage((await unready()) satisfies Heartbeat);
  await publish();
  const intervalMs = Math.min(stalledAfterMs / HEARTBEATS_PER_STALL, MAX_HEARTBEAT_INTERVAL_MS);
  const timer = setInterval(() => void publish(), intervalMs).unref();
  return {
    url: urlAt({ host, port: bound }),
    publish: () => void publish(),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await thread.terminate();
    },
  };
}

function startThread(workerData: ThreadOptions): Worker {
  return new Worker(moduleUrl('health-thread', import.meta.url), {
    workerData,
    resourceLimits: HEAP,
    execArgv: [],
  });
}

function listeningPort(thread: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('message', (start: ThreadStart) => {
      thread.off('error', reject);
      if (start.kind === 'listening') resolve(start.port);
      else reject(Object.assign(new Error(start.message), { code: start.code }));
    });
  });
}
