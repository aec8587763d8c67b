import { loadConfig } from './config/config.ts';
import type { Config } from './config/config-schema.ts';
import { ConfigError } from './config/read-yaml.ts';
import { urlAt } from './ingress/http-server.ts';
import { createRouter } from './router.ts';
import { createTelemetry } from './telemetry.ts';
import { serveInPool, startWorkers } from './workers.ts';

/** Serves until a signal ends it. What keeps it from serving is written to stderr. `program` starts a worker. */
export async function run(program: string): Promise<void> {
  try {
    await serve(loadConfig(process.env, process.cwd()), program);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
}

async function serve(config: Config, program: string): Promise<void> {
  if (process.argv.includes('--worker')) return runOne(config, { inPool: true });
  return config.workers > 1 ? runPool(config, program) : runOne(config, { inPool: false });
}

async function runOne(config: Config, { inPool }: { readonly inPool: boolean }): Promise<void> {
  await using router = await createRouter(config, { inPool });
  const { log } = router.telemetry;
  const { unready } = await router.inspect();
  log.info(
    { url: router.url, admin: router.adminUrl, ...(unready.length > 0 && { unready }) },
    inPool ? 'worker listens' : 'router listens',
  );
  if (inPool) {
    serveInPool(router);
    // The pool and the process group both pass a signal on: the second is no sign of impatience here.
    for (const signal of STOP_SIGNALS) process.on(signal, () => undefined);
  }
  const signal = await stopSignal();
  log.info({ signal }, 'draining');
  await router.drain();
}

async function runPool(config: Config, program: string): Promise<void> {
  const telemetry = createTelemetry(config.telemetry);
  await using pool = await startWorkers(config, { program, telemetry });
  const url = urlAt({ ...config.listen, port: pool.port });
  telemetry.log.info({ url, admin: pool.adminUrl, workers: config.workers }, 'router listens');
  await stopSignal();
  await pool.drain();
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

// A second signal finds no listener any more, and ends the process at once.
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of STOP_SIGNALS) process.once(signal, resolve);
  });
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `${error.message}: another program has this port; stop it, or set PORT or ADMIN_PORT to a free one`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
