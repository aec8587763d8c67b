import { once } from 'node:events';
import { join } from 'node:path';
import { configOption, loadConfig } from '../router/config/config.ts';
import type { Config } from '../router/config/config-schema.ts';
import { compositionFileOf } from '../router/supergraph/sources/source-config.ts';
import { ConfigError } from '../router/config/yaml/read-yaml.ts';
import type { Environment } from '../router/config/yaml/read-yaml.ts';
import { formatLine } from '../router/telemetry/log-line.ts';
import { CommandError } from '../cli/outcome.ts';
import { readCompositionFile } from '../cli/composition-file.ts';
import { CONFIG_OPTION, readCommandLine } from '../cli/single-command.ts';
import { bundleConsole, CONSOLE_FOLDER } from './console/bundle.ts';
import { consoleUrl } from './start/console-url.ts';
import { assertPortsFree } from './start/ports.ts';
import { findSubgraphs, routerProgram } from './start/programs.ts';
import type { Program } from './start/programs.ts';
import { publishShop } from './start/publish-shop.ts';
import { Shop } from './start/shop.ts';
import { routerEnvironment, shopRegistry } from './start/shop-registry.ts';
import type { ShopRegistry } from './start/shop-registry.ts';
import { keepSigningKeys } from './start/signing-keys.ts';
import { StartError } from './start/start-error.ts';
import { welcome } from './start/welcome.ts';

// npm and the terminal both forward Ctrl-C, so one key press can arrive as two signals.
const SAME_SIGNAL_MS = 500;

const root = join(import.meta.dirname, '..');
const dataFolder = process.env['DATA_DIR'] ?? join(root, '.data');

/** Names of the router's log fields, if `router.yaml` renames them. */
let renamed: Config['telemetry']['logs']['fields']['rename'] = {};

const terminal = {
  onLine: (name: string, line: string) => console.log(formatLine(name, line, renamed)),
  onNews: (sentence: string) => console.log(sentence),
};

// The reader of the output may exit before the services: an IDE closes the pipe together with npm.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const COMMAND = {
  name: 'npm start',
  summary:
    'Starts the subgraphs of supergraph.yaml that are in subgraphs/, a registry with their schemas, and the router, until Ctrl-C.',
  options: {
    config: CONFIG_OPTION,
    'without-registry': {
      type: 'boolean',
      description: 'Serve supergraph.yaml itself, and compose it again when it changes.',
    },
  },
} as const;

const { values } = readCommandLine(COMMAND, (line) => line);
try {
  // The services inherit the variable.
  if (values.config !== undefined) process.env['ROUTER_CONFIG'] = configOption(values.config);
  process.exitCode = await start();
} catch (error) {
  if (!(error instanceof StartError || error instanceof ConfigError || error instanceof CommandError))
    throw error;
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}

/** Runs every service in this terminal until Ctrl-C. */
async function start(): Promise<number> {
  const config = loadConfig(process.env, root);
  renamed = config.telemetry.logs.fields.rename;
  const file = compositionFileOf(config.supergraph);
  if (file === undefined)
    throw new StartError('The supergraph is not a file that lists subgraphs to start: use "npm run router".');
  const subgraphs = findSubgraphs(file, root, process.env);
  const router = routerProgram(config, root);
  const registry = values['without-registry']
    ? undefined
    : shopRegistry({ env: process.env, root, dataFolder, consoleUrl: consoleUrl(config) });
  await assertPortsFree([
    router,
    ...adminPlaces(config),
    ...(registry === undefined ? [] : [registry.program]),
    ...subgraphs,
  ]);

  const shop = new Shop();
  const stop = stopSignal(shop);
  const limitMs = stopLimitMs(config.shutdown);
  try {
    // The router reads the console when it starts.
    await bundleConsole(CONSOLE_FOLDER);
    await Promise.race([startAll(shop, { subgraphs, router, registry, file }), aborted(stop)]);
    if (!stop.aborted) console.log(welcome(config, registry));
    await aborted(stop);
    console.log(`\nStopping: requests in flight have up to ${limitMs / 1000} s …`);
  } finally {
    for (const name of await shop.stop(limitMs)) {
      console.log(`${name} did not stop within ${limitMs / 1000} s and was killed.`);
    }
  }
  return 0;
}

type Programs = {
  readonly subgraphs: readonly Program[];
  readonly router: Program;
  readonly registry: ShopRegistry | undefined;
  /** The composition file. */
  readonly file: string;
};

/** Starts the router last, so that it does not log failed calls. */
async function startAll(shop: Shop, { subgraphs, router, registry, file }: Programs): Promise<void> {
  const environment = serviceEnvironment();
  const quiet = {
    ...environment,
    SERVICE_KEYS: serviceKeys(subgraphs),
    LOG_LEVEL: environment['LOG_LEVEL'] ?? 'warn',
  };
  const names = [...subgraphs.map(({ name }) => name), ...(registry === undefined ? [] : ['registry'])];
  console.log(`Starting ${names.join(', ')} …`);
  const started = shop.start(subgraphs, { environment: quiet, ...terminal });
  const published = registry && publish(shop, registry, { environment: quiet, file, started });
  await Promise.all([started, published]);
  console.log('Starting the router …');
  const source = registry && routerEnvironment(registry, dataFolder);
  // JSON, which is formatted here with the name of the service before each line.
  const settings = { ...environment, ...source, LOG_FORMAT: 'json' };
  await shop.start([router], { environment: settings, ...terminal });
}

/** Publishes while the subgraphs start, unless the schema of one of them comes from the running subgraph. */
async function publish(
  shop: Shop,
  registry: ShopRegistry,
  {
    environment,
    file,
    started,
  }: { readonly environment: Environment; readonly file: string; readonly started: Promise<void> },
): Promise<void> {
  const composition = readCompositionFile(file, process.env);
  await shop.start([registry.program], { environment, ...terminal });
  if (composition.subgraphs.some(({ schema }) => schema.kind === 'url')) await started;
  console.log(await publishShop(registry, composition, root));
}

function adminPlaces({ admin }: Config) {
  return admin.enabled ? [{ ...admin, name: 'router metrics', portSetting: 'ADMIN_PORT' }] : [];
}

function serviceEnvironment(): Environment {
  return {
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'),
    ...process.env,
    DATA_DIR: dataFolder,
    DEMO_LOGINS: 'true',
    IDENTITY_KEYS:
      process.env['IDENTITY_KEYS'] ?? keepSigningKeys(join(dataFolder, 'identity-keys'), ['router']),
  };
}

/** Returns one key per subgraph for calls to other subgraphs; the router has none of these keys. */
function serviceKeys(subgraphs: readonly Program[]): string {
  const names = subgraphs.map(({ name }) => name);
  return process.env['SERVICE_KEYS'] ?? keepSigningKeys(join(dataFolder, 'service-keys'), names);
}

/** Milliseconds until a stopping service is killed: longer than its own limit for requests in flight. */
function stopLimitMs({ lameDuckMs, graceMs }: Config['shutdown']): number {
  return lameDuckMs + graceMs + 5_000;
}

/**
 * Aborted by the first signal. A second Ctrl-C ends everything at once; further SIGTERMs are ignored, because
 * process managers, npm and its shell may each send one.
 */
function stopSignal(shop: Shop): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      controller.abort();
    } else if (signal === 'SIGINT' && performance.now() - firstAt > SAME_SIGNAL_MS) {
      shop.kill();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return controller.signal;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
