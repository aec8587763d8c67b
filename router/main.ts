import { loadConfig } from './config.ts';
import { ConfigError } from './read-yaml.ts';
import { createRouter } from './router.ts';

// The gateway would report to its vendor otherwise.
process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';

async function main(): Promise<void> {
  await using router = await createRouter(loadConfig(process.env, process.cwd()));
  router.telemetry.log.info({ url: router.url, admin: router.adminUrl }, 'router ready');
  const signal = await stopSignal();
  router.telemetry.log.info({ signal }, 'draining');
  await router.drain();
}

// A second signal finds no listener any more, and ends the process at once.
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `${error.message}: another program has this port; stop it, or set PORT or ADMIN_PORT to a free one`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
