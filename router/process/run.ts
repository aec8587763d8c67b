import { loadConfig } from '../config/config.ts';
import type { Config } from '../config/config-schema.ts';
import { ConfigError } from '../config/yaml/read-yaml.ts';
import { urlAt } from '../http/http-server.ts';
import { createRouter } from '../router.ts';
import { followConfig } from './follow-config.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { youngBytes } from '../load-shedding/young-generation.ts';
import { endAtOnce, STOP_SIGNALS } from './stop-signals.ts';
import { V8_FLAGS } from './v8-flags.ts';
import { serveInPool, startWorkers } from './worker-pool.ts';
import { followCollections } from './young-generation-growth.ts';

/**
 * Runs the router until SIGTERM or SIGINT: in this process, or in `workers` processes. It reads its
 * configuration from the environment. An error that prevents the start is written to stderr, and the exit
 * code is 1 then.
 */
export function runRouter(): Promise<void> {
  return runConfigured((config) =>
    config.workers > 1 ? runPool(config) : runOne(config, { inPool: false }),
  );
}

/** Runs one worker of a pool. It reads the configuration itself and inherits the environment. */
export function runWorker(): Promise<void> {
  return runConfigured((config) => runOne(config, { inPool: true }));
}

async function runConfigured(run: (config: Config) => Promise<void>): Promise<void> {
  try {
    await run(loadConfig(process.env, process.cwd()));
  } catch (error) {
    process.stderr.write(`${startErrorText(error)}\n`);
    process.exitCode = 1;
  }
}

async function runOne(config: Config, { inPool }: { readonly inPool: boolean }): Promise<void> {
  using hangUp = onHangUp();
  await using router = await createRouter(config, { inPool });
  followCollections();
  const { log } = router.telemetry;
  if (!inPool) warnOfMissingFlag(log);
  const { unready } = await router.inspect();
  // In a worker, repeated signals to stop are ignored: the pool receives them too, and ends its workers.
  const stopped = stopSignal(inPool ? () => undefined : endAtOnce);
  log.info(
    {
      url: router.url,
      admin: router.adminUrl,
      health: router.healthUrl,
      ...(unready.length > 0 && { unready }),
    },
    inPool ? 'worker listens' : 'router listens',
  );
  using follower = followConfig(router, { env: process.env, directory: process.cwd() });
  hangUp.handle(follower.reload);
  if (inPool) serveInPool(router);
  log.info({ signal: await stopped }, 'draining');
  await router.drain();
}

async function runPool(config: Config): Promise<void> {
  using hangUp = onHangUp();
  const telemetry = createTelemetry(config.telemetry);
  warnOfMissingFlag(telemetry.log);
  await using pool = await startWorkers(config, { telemetry });
  const url = urlAt({ ...config.listen, port: pool.port });
  const stopped = stopSignal(endAtOnce);
  telemetry.log.info(
    { url, admin: pool.adminUrl, health: pool.healthUrl, workers: config.workers },
    'router listens',
  );
  hangUp.handle(pool.reloadConfig);
  await stopped;
  await pool.drain();
}

/**
 * Runs the action that was passed to `handle` on each SIGHUP. Until then the signal is ignored, because the
 * process is still reading its configuration. On a terminal SIGHUP is not handled and ends the process,
 * because it means that the terminal was closed.
 */
function onHangUp(): Disposable & { handle(action: () => void): void } {
  let action: () => void = () => undefined;
  const receive = () => action();
  if (!process.stdout.isTTY) process.on('SIGHUP', receive);
  return {
    handle(next) {
      action = next;
    },
    [Symbol.dispose]: () => void process.off('SIGHUP', receive),
  };
}

/**
 * Logs a warning if the V8 flag that speeds up large responses is missing. In a pool only the main process
 * logs it, because its workers have the same flags.
 */
function warnOfMissingFlag(log: Telemetry['log']): void {
  if (youngBytes() > 0) return;
  log.warn({ flag: V8_FLAGS.join(' ') }, 'V8 flag missing, large responses cost more CPU');
}

// Milliseconds within which repeated signals count as one. A process may get one signal twice: terminals send
// it to all processes of a group, and the launcher (the parent process) forwards it too.
const SAME_SIGNAL_MS = 500;

/**
 * Resolves on the first signal to stop. The function must be called before the router logs that it listens,
 * because a reader of that line may send the signal at once.
 * @param onRepeated called for each signal more than `SAME_SIGNAL_MS` later
 */
function stopSignal(onRepeated: (signal: NodeJS.Signals) => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      firstAt ??= performance.now();
      resolve(signal);
      if (performance.now() - firstAt > SAME_SIGNAL_MS) onRepeated(signal);
    };
    for (const signal of STOP_SIGNALS) process.on(signal, onSignal).off(signal, endAtOnce);
  });
}

/** Returns the text that explains to an operator why the router did not start. */
export function startErrorText(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `${error.message}: the port is in use; stop the other program, or set PORT, ADMIN_PORT or HEALTH_PORT to a free port`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
