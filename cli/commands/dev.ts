import { existsSync } from 'node:fs';
import { assertFile, loadConfig } from '../../router/config/config.ts';
import type { Config } from '../../router/config/config-schema.ts';
import { compositionFileOf } from '../../router/supergraph/sources/source-config.ts';
import { MisuseError } from '../command-spec.ts';
import { ConfigError } from '../../router/config/yaml/read-yaml.ts';
import { ROUTER_OPTIONS, routerEnvironment } from '../router-config.ts';
import { CONFIG_OPTION } from '../single-command.ts';
import { defineVerb } from '../verb.ts';

const DEFAULT_FILE = 'supergraph.yaml';

export const dev = defineVerb(
  {
    name: 'dev',
    summary: 'Composes, watches and serves a supergraph on this machine, with the console, until Ctrl-C.',
    positionals: {
      name: '[FILE]',
      max: 1,
      description: `The composition file. Default: the supergraph of router.yaml, or ${DEFAULT_FILE}.`,
    },
    examples: ['tributary dev', 'tributary dev supergraph.yaml --mock reviews'],
    options: {
      mock: {
        type: 'string',
        short: 'm',
        value: 'NAME',
        multiple: true,
        description: 'Respond for this subgraph with values invented from its schema. Repeatable.',
      },
      config: CONFIG_OPTION,
      port: ROUTER_OPTIONS.port,
      'log-format': ROUTER_OPTIONS['log-format'],
    },
  },
  async ({ values: { mock, ...values }, positionals: [supergraph] }) => {
    if (supergraph !== undefined) assertFile(supergraph);
    const environment = routerEnvironment({ ...values, supergraph });
    Object.assign(process.env, environment, {
      LOG_FORMAT: environment['LOG_FORMAT'] ?? 'text',
      // A production setting of the shell would hide the schema and Sandbox.
      NODE_ENV: 'development',
    });
    const config = loadConfig(process.env, process.cwd());
    checkFile(config.supergraph);
    if (mock.length > 0) checkMockable(config);
    // Loaded here, because other verbs do not need the router's packages.
    const [{ runDevSession }, { startErrorText }] = await Promise.all([
      import('../dev/dev-session.ts'),
      import('../../router/process/run.ts'),
    ]);
    try {
      await runDevSession(config, mock);
    } catch (error) {
      console.error(startErrorText(error));
      process.exitCode = 1;
    }
    return undefined;
  },
);

/** A mock needs the schema of its subgraph, which a finished supergraph does not contain. */
function checkMockable({ supergraph }: Config): void {
  const file = compositionFileOf(supergraph);
  if (file !== undefined && !file.endsWith('.graphql')) return;
  throw new MisuseError('--mock needs a composition file such as supergraph.yaml, not a finished supergraph');
}

function checkFile({ file }: { readonly file?: string | undefined }): void {
  if (file === undefined || existsSync(file)) return;
  throw new ConfigError([`file not found: ${file}; "tributary init" writes one to start from`]);
}
