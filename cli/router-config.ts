import { resolve } from 'node:path';
import { assertFile, configOption } from '../router/config/config.ts';
import { GRAPH_REF } from '../router/config/registry/registry-schema.ts';
import type { Environment } from '../router/config/yaml/read-yaml.ts';
import { portOption } from './command-spec.ts';

/** Options that replace values of the configuration. */
export const ROUTER_OPTIONS = {
  supergraph: {
    type: 'string',
    short: 's',
    value: 'SOURCE',
    description:
      'Use this supergraph: a supergraph.yaml, an SDL file, its URL, oci://HOST/REPOSITORY:TAG, or GRAPH@VARIANT of a registry (TRIBUTARY_REGISTRY, TRIBUTARY_KEY). Default: as router.yaml says.',
  },
  port: {
    type: 'string',
    short: 'p',
    value: 'N',
    description: 'Listen on this port, or on a free one for 0.',
  },
  'log-format': {
    type: 'string',
    value: 'FORMAT',
    choices: ['auto', 'json', 'text'],
    description:
      'Format of the log; `auto` is text on a terminal and JSON otherwise. Default: as router.yaml says.',
  },
} as const;

type RouterOptions = {
  readonly config?: string | undefined;
  readonly supergraph?: string | undefined;
  readonly port?: string | undefined;
  readonly 'log-format'?: string | undefined;
};

/**
 * Returns the environment of a router with these options. Options become the environment variables with the
 * same meaning, which worker processes inherit.
 * @throws {ConfigError} if a file does not exist
 * @throws {MisuseError} if the port is not a port
 */
export function routerEnvironment(
  { config, supergraph, port, 'log-format': logFormat }: RouterOptions,
  env: Environment = process.env,
): Environment {
  return {
    ...env,
    ...(config !== undefined && { ROUTER_CONFIG: configOption(config) }),
    ...(supergraph !== undefined && { SUPERGRAPH: supergraphOption(supergraph) }),
    ...(port !== undefined && { PORT: portOption(port) }),
    ...(logFormat !== undefined && { LOG_FORMAT: logFormat }),
  };
}

function supergraphOption(source: string): string {
  if (/^(?:https?|oci):\/\//.test(source) || GRAPH_REF.test(source)) return source;
  assertFile(source, '--supergraph: ');
  return resolve(source);
}
