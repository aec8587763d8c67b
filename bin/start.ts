import { once } from 'node:events';
import { join } from 'node:path';
import { loadConfig } from '../router/config.ts';
import type { Config } from '../router/config-schema.ts';
import { ConfigError } from '../router/read-yaml.ts';
import type { Environment } from '../router/read-yaml.ts';
import { keepIdentityKeys } from './start/identity-keys.ts';
import { formatLine } from './start/log-line.ts';
import { assertPortsFree } from './start/ports.ts';
import { findSubgraphs, routerProgram } from './start/programs.ts';
import { Service } from './start/service.ts';
import { StartError } from './start/start-error.ts';
import { welcome } from './start/welcome.ts';

const READY_WITHIN_MS = 60_000;
const SUBGRAPH_GRACE_MS = 10_000;
// npm and the terminal both pass Ctrl-C on, so one key press can arrive as two signals.
const SAME_SIGNAL_MS = 500;

const root = join(import.meta.dirname, '..');

try {
  process.exitCode = await start();
} catch (error) {
  if (!(error instanceof StartError || error instanceof ConfigError)) throw error;
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}

/** `npm start`: every service on this machine, in this terminal, until Ctrl-C. */
async function start(): Promise<number> {
  const config = loadConfig(process.env, root);
  const subgraphs = findSubgraphs(config.supergraph.file, root, process.env);
  const router = routerProgram(config, root);
  const admin = { ...config.admin, name: 'router metrics', portSetting: 'ADMIN_PORT' };
  await assertPortsFree([router, ...(config.admin.enabled ? [admin] : []), ...subgraphs]);

  const environment = serviceEnvironment();
  const quiet = { ...environment, LOG_LEVEL: environment['LOG_LEVEL'] ?? 'warn' };
  console.log(`Starting ${[...subgraphs, router].map(({ name }) => name).join(', ')} …`);
  const services = [
    ...subgraphs.map((program) => new Service(program, { environment: quiet, ...terminal })),
    new Service(router, { environment, ...terminal }),
  ];
  const stop = stopSignal(services);
  try {
    await Promise.race([allReady(services), aborted(stop)]);
    if (!stop.aborted) console.log(welcome(config));
    await aborted(stop);
    console.log('\nStopping …');
  } finally {
    await stopAll(services, config);
  }
  return 0;
}

const terminal = {
  onLine: (name: string, line: string) => console.log(formatLine(name, line)),
  onNews: (sentence: string) => console.log(sentence),
};

function serviceEnvironment(): Environment {
  const dataFolder = join(root, '.data');
  return {
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'),
    DATA_DIR: dataFolder,
    ...process.env,
    IDENTITY_KEYS:
      process.env['IDENTITY_KEYS'] ??
      keepIdentityKeys(join(process.env['DATA_DIR'] ?? dataFolder, 'identity-keys')),
  };
}

async function allReady(services: readonly Service[]): Promise<void> {
  await Promise.all(services.map((service) => service.ready(READY_WITHIN_MS)));
}

/** Aborted by the first Ctrl-C or SIGTERM; a second one no longer waits for anything. */
function stopSignal(services: readonly Service[]): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  const onSignal = () => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      controller.abort();
    } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
      for (const service of services) service.kill();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return controller.signal;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** The router first, so that the requests it still answers find their subgraphs. */
async function stopAll(services: readonly Service[], config: Config): Promise<void> {
  const routerGraceMs = config.shutdown.lameDuckMs + config.shutdown.graceMs + 1_000;
  const [router, subgraphs] = [services.slice(-1), services.slice(0, -1)];
  for (const [group, graceMs] of [
    [router, routerGraceMs],
    [subgraphs, SUBGRAPH_GRACE_MS],
  ] as const) {
    await Promise.all(
      group.map(async (service) => {
        if (!(await service.stop(graceMs)))
          console.log(`${service.name} did not stop in time and was killed.`);
      }),
    );
  }
}
