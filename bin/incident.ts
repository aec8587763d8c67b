import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MisuseError, positiveNumber } from '../cli/command-spec.ts';
import type { CommandLine } from '../cli/command-spec.ts';
import { CommandError } from '../cli/outcome.ts';
import { CONFIG_OPTION, readCommandLine } from '../cli/single-command.ts';
import { configOption, loadConfig } from '../router/config/config.ts';
import { ConfigError } from '../router/config/yaml/read-yaml.ts';
import { awaitInterruption } from '../test/support/processes/interruption.ts';
import { badPublish } from './incident/bad-publish.ts';
import { exhaustedPool } from './incident/exhausted-pool.ts';
import type { Incident } from './incident/incident.ts';
import { NOISY_CLIENT } from './incident/noisy-client.ts';
import { undoPending } from './incident/pending-undo.ts';
import { findShop } from './incident/running-shop.ts';
import { startShopTraffic } from './incident/shop-traffic.ts';
import { slowService } from './incident/slow-service.ts';
import { shopRegistry } from './start/shop-registry.ts';
import { StartError } from './start/start-error.ts';

const NAMES = ['slow-service', 'exhausted-pool', 'bad-publish', 'noisy-client'] as const;
type Name = (typeof NAMES)[number];
const CHOICES = [...NAMES, 'random', 'traffic', 'undo'] as const;

const COMMAND = {
  name: 'npm run incident',
  summary:
    'Causes an incident in the shop of npm start, under traffic, to practise finding its cause from console and dashboards. It ends by itself or with Ctrl-C, and is undone.',
  positionals: {
    name: 'INCIDENT',
    max: 1,
    choices: CHOICES,
    description: `${CHOICES.join(', ')}. "traffic" only sends the traffic; "undo" restores what a killed run has left.`,
  },
  options: {
    minutes: { type: 'string', value: 'N', default: '5', description: 'Length of the incident, at most 30.' },
    service: {
      type: 'string',
      value: 'NAME',
      description: 'Service that is affected: inventory, product or shipping. Default: drawn.',
    },
    quiet: { type: 'boolean', description: 'Print what it was only at the end.' },
    config: CONFIG_OPTION,
  },
} as const;

const SERVICES = ['inventory', 'product', 'shipping'] as const;
const MAX_MINUTES = 30;
const root = join(import.meta.dirname, '..');

type Options = {
  readonly choice: string;
  readonly minutes: number;
  readonly service: string;
  readonly isQuiet: boolean;
  readonly config: string | undefined;
};

const options = readCommandLine(COMMAND, readOptions);
try {
  if (options.config !== undefined) process.env['ROUTER_CONFIG'] = configOption(options.config);
  process.exitCode = await run(options);
} catch (error) {
  if (!(error instanceof StartError || error instanceof ConfigError || error instanceof CommandError))
    throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function readOptions({ values, positionals: [choice = ''] }: CommandLine<typeof COMMAND.options>): Options {
  if (choice === '') throw new MisuseError(`name an incident: ${CHOICES.join(', ')}`);
  const { service = SERVICES[randomInt(SERVICES.length)] ?? 'inventory' } = values;
  if (!SERVICES.some((name) => name === service))
    throw new MisuseError(`--service must be ${SERVICES.join(', ')}, not "${service}"`);
  const minutes = positiveNumber('minutes', values.minutes, { max: MAX_MINUTES });
  return { choice, service, minutes, isQuiet: values.quiet ?? false, config: values.config };
}

async function run({ choice, minutes, service, isQuiet }: Options): Promise<number> {
  const { stop, exitCode } = awaitInterruption();
  const shop = findShop(loadConfig(process.env, root), process.env, root);
  const restored = undoPending(shop.dataFolder);
  if (restored !== undefined) console.log(`Restored ${restored}, which an earlier run had changed.`);
  if (choice === 'undo') return 0;
  const name = choice === 'random' ? NAMES[randomInt(NAMES.length)] : NAMES.find((one) => one === choice);
  const wait = () => delay(minutes * 60_000, undefined, { signal: stop }).catch(() => undefined);

  await using traffic = await startShopTraffic(shop);
  void traffic;
  if (name === undefined) {
    console.log(`Sending traffic for ${minutes} minutes; Ctrl-C ends it.`);
    await wait();
    return exitCode() ?? 0;
  }
  const began = new Date().toLocaleTimeString();
  await using incident = await incidentOf(name, service).start(shop);
  console.log(
    `${isQuiet ? 'An incident' : `${name}: ${incident.cause}.\nIt`} began at ${began}, and ends after ${minutes} minutes or with Ctrl-C.`,
  );
  await wait();
  console.log(`The cause: ${incident.cause}.\nUndoing it.`);
  return exitCode() ?? 0;
}

function incidentOf(name: Name, service: string): Incident {
  switch (name) {
    case 'slow-service':
      return slowService(service);
    case 'exhausted-pool':
      return exhaustedPool(service);
    case 'bad-publish':
      return badPublish(
        service,
        shopRegistry({
          env: process.env,
          root,
          dataFolder: process.env['DATA_DIR'] ?? join(root, '.data'),
          consoleUrl: undefined,
        }),
      );
    case 'noisy-client':
      return NOISY_CLIENT;
  }
}
