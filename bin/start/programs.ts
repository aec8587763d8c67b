import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../router/config/config-schema.ts';
import type { Environment } from '../../router/config/yaml/read-yaml.ts';
import { readCompositionFile } from '../../cli/composition-file.ts';
import { V8_FLAGS } from '../../router/process/v8-flags.ts';
import { StartError } from './start-error.ts';

/** One process of the shop. */
export type Program = {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly nodeFlags: readonly string[];
  readonly host: string;
  readonly port: number;
  /** Name of the setting of the port, for error messages. */
  readonly portSetting: string;
  /** Path that responds with 200 when the program is ready. Default: `/health/ready`. */
  readonly readyPath?: string;
  readonly environment: Environment;
};

/** Settings of subgraphs that are not the URL of another subgraph. */
const OTHER_URLS: ReadonlySet<string> = new Set(['DATABASE_URL', 'REDIS_URL', 'ISSUER_URL']);

/** Returns the subgraphs with a loopback address in the composition file and with code in `subgraphs/`. */
export function findSubgraphs(compositionFile: string, root: string, env: Environment): Program[] {
  const routes = readRoutes(compositionFile, env);
  // Subgraphs read the URLs of the others from NAME_URL.
  const addresses = Object.fromEntries(
    routes
      .map(({ name, url }) => [`${name.toUpperCase().replaceAll('-', '_')}_URL`, url.href] as const)
      .filter(([setting]) => !OTHER_URLS.has(setting)),
  );
  return routes
    .map(({ name, url }) => ({ name, url, file: join(root, 'subgraphs', name, 'server.ts') }))
    .filter(({ url, file }) => isLoopback(url.hostname) && existsSync(file))
    .map(({ name, url, file }) => ({
      name,
      file,
      args: [],
      nodeFlags: [],
      host: url.hostname,
      port: portOf(url),
      portSetting: `subgraphs.${name}.routing_url in ${compositionFile}`,
      environment: { ...addresses, HOST: url.hostname, PORT: String(portOf(url)) },
    }));
}

export function routerProgram(config: Config, root: string): Program {
  return {
    name: 'router',
    file: join(root, 'cli', 'main.ts'),
    args: ['serve'],
    nodeFlags: V8_FLAGS,
    host: config.listen.host,
    port: config.listen.port,
    portSetting: 'PORT',
    environment: {},
  };
}

function readRoutes(file: string, env: Environment): { name: string; url: URL }[] {
  if (!/\.ya?ml$/.test(file)) {
    throw new StartError(
      `${file} does not list subgraphs to start: use "npm run router", or unset SUPERGRAPH.`,
    );
  }
  if (!existsSync(file)) throw new StartError(`There is no ${file}: put it back, or correct SUPERGRAPH.`);
  const { subgraphs } = readCompositionFile(file, env);
  return subgraphs.flatMap(({ name, routingUrl }) =>
    routingUrl === undefined ? [] : [{ name, url: new URL(routingUrl) }],
  );
}

/** A URL without a port, or with the one of its scheme, has an empty `port`. */
function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
