import { CONFIG_OPTION, readCommandLine } from '../../bin/command-line.ts';
import { configOption, loadConfig } from '../config/config.ts';
import type { Config } from '../config/config-schema.ts';
import { ConfigError } from '../config/yaml/read-yaml.ts';
import { urlAt } from '../http/http-server.ts';
import { createRouter } from '../router.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { youngBytes } from '../load-shedding/young-generation.ts';
import { V8_FLAGS } from './v8-flags.ts';
import { WORKER, serveInPool, startWorkers } from './worker-pool.ts';

const COMMAND = {
  name: 'npm run router',
  summary: 'Starts the router and runs until SIGTERM or SIGINT.',
  options: { config: CONFIG_OPTION },
} as const;

/**
 * Runs until SIGTERM or SIGINT. Start-up errors are written to stderr.
 * @param program path of the script to start in worker processes.
 */
export async function run(program: string): Promise<void> {
  const isWorker = process.argv.includes(WORKER);
  const file = isWorker ? undefined : readCommandLine(COMMAND, ({ values }) => values.config);
  try {
    // Workers read the configuration themselves and inherit the environment.
    if (file !== undefined) process.env['ROUTER_CONFIG'] = configOption(file);
    await serve(loadConfig(process.env, process.cwd()), { program, isWorker });
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
}

async function serve(
  config: Config,
  { program, isWorker }: { readonly program: string; readonly isWorker: boolean },
): Promise<void> {
  if (isWorker) return runOne(config, { inPool: true });
  return config.workers > 1 ? runPool(config, program) : runOne(config, { inPool: false });
}

async function runOne(config: Config, { inPool }: { readonly inPool: boolean }): Promise<void> {
  await using router = await createRouter(config, { inPool });
  const { log } = router.telemetry;
  if (!inPool) warnOfMissingFlag(log);
  const { unready } = await router.inspect();
  // The pool terminates its workers if the signal is repeated, so a worker itself ignores repeated signals.
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
  if (inPool) serveInPool(router);
  log.info({ signal: await stopped }, 'draining');
  await router.drain();
}

async function runPool(config: Config, program: string): Promise<void> {
  const telemetry = createTelemetry(config.telemetry);
  warnOfMissingFlag(telemetry.log);
  await using pool = await startWorkers(config, { program, telemetry });
  const url = urlAt({ ...config.listen, port: pool.port });
  const stopped = stopSignal(endAtOnce);
  telemetry.log.info(
    { url, admin: pool.adminUrl, health: pool.healthUrl, workers: config.workers },
    'router listens',
  );
  await stopped;
  await pool.drain();
}

/**
 * Logs a warning if the V8 flag for large responses is missing. Only the pool logs it, because its workers
 * have the same flags.
 */
function warnOfMissingFlag(log: Telemetry['log']): void {
  if (youngBytes() > 0) return;
  log.warn({ flag: V8_FLAGS.join(' ') }, 'V8 flag missing, large responses cost more CPU');
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

// Signals within this time count as one: terminals and process managers signal all processes of a group, and
// the launcher forwards its own signal.
const SAME_SIGNAL_MS = 500;

/**
 * Resolves on the first signal. Signals within half a second are the same one; `onRepeated` receives later
 * ones. Called before the router logs that it listens, because the reader of that line may signal at once.
 */
function stopSignal(onRepeated: (signal: NodeJS.Signals) => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      firstAt ??= performance.now();
      resolve(signal);
      if (performance.now() - firstAt > SAME_SIGNAL_MS) onRepeated(signal);
    };
    for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  });
}

function endAtOnce(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `${error.message}: the port is in use; stop the other program, or set PORT, ADMIN_PORT or HEALTH_PORT to a free port`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
