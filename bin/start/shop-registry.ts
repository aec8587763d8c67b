import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../router/config/yaml/read-yaml.ts';
import type { Program } from './programs.ts';
import { StartError } from './start-error.ts';

const OWNER_ONLY = 0o600;

/** The registry of the shop. */
export type ShopRegistry = {
  readonly program: Program;
  readonly url: string;
  /** Graph and variant of the shop. */
  readonly graph: string;
  /** File with the registry's admin key, which the registry writes at its first start. */
  readonly adminKeyFile: string;
  /** File with the key that the router reads with. */
  readonly routerKeyFile: string;
};

type Surroundings = {
  readonly env: Environment;
  readonly root: string;
  readonly dataFolder: string;
  /** Address of the router's console, for links to checks; undefined without one. */
  readonly consoleUrl: string | undefined;
};

/** Returns the registry that `npm start` starts, on port 4010 unless `REGISTRY_PORT` is set. */
export function shopRegistry({ env, root, dataFolder, consoleUrl }: Surroundings): ShopRegistry {
  const port = portOf(env['REGISTRY_PORT'] ?? '4010');
  const adminKeyFile = join(dataFolder, 'registry-admin-key');
  mkdirSync(dataFolder, { recursive: true });
  return {
    url: `http://127.0.0.1:${port}`,
    graph: 'shop@production',
    adminKeyFile,
    routerKeyFile: join(dataFolder, 'registry-router-key'),
    program: {
      name: 'registry',
      file: join(root, 'cli', 'main.ts'),
      args: [
        'registry',
        '--admin-key-file',
        adminKeyFile,
        ...(existsSync(adminKeyFile) ? [] : ['--new-admin-key']),
      ],
      nodeFlags: [],
      host: '127.0.0.1',
      port,
      portSetting: 'REGISTRY_PORT',
      readyPath: '/health?ready',
      environment: {
        HOST: '127.0.0.1',
        PORT: String(port),
        DATA_DIR: dataFolder,
        REGISTRY_CONSOLE_URL: env['REGISTRY_CONSOLE_URL'] ?? consoleUrl,
      },
    },
  };
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536) return Number(text);
  throw new StartError(`REGISTRY_PORT must be a port, 1 to 65535, not "${text}".`);
}

/** Returns the environment of a router that follows the registry. It keeps what it has seen in `folder`. */
export function routerEnvironment(
  { url, graph, routerKeyFile }: ShopRegistry,
  folder: string,
): Readonly<Record<string, string>> {
  return {
    SUPERGRAPH: graph,
    TRIBUTARY_REGISTRY: url,
    TRIBUTARY_KEY: readKey(routerKeyFile),
    STATE_DIRECTORY: join(folder, 'router'),
  };
}

export function readKey(file: string): string {
  return readFileSync(file, 'utf8').trim();
}

/** Writes a key to a file that only its owner can read. */
export function writeKey(file: string, key: string): void {
  writeFileSync(file, `${key}\n`, { mode: OWNER_ONLY });
  chmodSync(file, OWNER_ONLY);
}
