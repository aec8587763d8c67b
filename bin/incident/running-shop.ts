import { join } from 'node:path';
import { z } from 'zod';
import { readCompositionFile } from '../../cli/composition-file.ts';
import type { Config } from '../../router/config/config-schema.ts';
import type { Environment } from '../../router/config/yaml/read-yaml.ts';
import { compositionFileOf } from '../../router/supergraph/sources/source-config.ts';
import { demoPassword } from '../../subgraphs/shop/demo/users.ts';
import { StartError } from '../start/start-error.ts';

/** The shop that `npm start` runs on this machine. */
export type RunningShop = {
  /** URL of the graph. */
  readonly url: string;
  /** Port of each subgraph. */
  readonly ports: ReadonlyMap<string, number>;
  readonly routerYaml: string;
  readonly dataFolder: string;
  readonly environment: Environment;
};

/** Finds the shop by the configuration that `npm start` reads. It has to be on this machine. */
export function findShop(config: Config, environment: Environment, root: string): RunningShop {
  const file = compositionFileOf(config.supergraph);
  if (file === undefined) throw new StartError('The supergraph is not a file that lists subgraphs.');
  const { subgraphs } = readCompositionFile(file, environment);
  const ports = subgraphs.map(({ name, routingUrl = '' }) => [name, localPort(name, routingUrl)] as const);
  return {
    url: `http://127.0.0.1:${config.listen.port}${config.listen.path}`,
    ports: new Map(ports),
    routerYaml: environment['ROUTER_CONFIG'] ?? join(root, 'router.yaml'),
    dataFolder: environment['DATA_DIR'] ?? join(root, '.data'),
    environment,
  };
}

/** Returns the message for a service that does not run on this machine. */
export function notRunning(service: string): string {
  return `${service} does not run here: start the shop with "npm start".`;
}

function localPort(name: string, routingUrl: string): number {
  const { hostname, port } = new URL(routingUrl);
  if (hostname === 'localhost' || hostname.startsWith('127.')) return Number(port);
  throw new StartError(`${name} is at ${hostname}: incidents are for a shop on this machine only.`);
}

const loginSchema = z.object({ data: z.object({ login: z.object({ accessToken: z.string() }) }) });

/**
 * Logs in a demo user.
 * @throws {StartError} if the shop does not run
 */
export async function logIn({ url }: RunningShop, email: string): Promise<string> {
  const query =
    'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { accessToken } }';
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { email, password: demoPassword } }),
    });
    return loginSchema.parse(await response.json()).data.login.accessToken;
  } catch (error) {
    throw new StartError(`Cannot log in at ${url}: start the shop with "npm start" first.`, { cause: error });
  }
}
