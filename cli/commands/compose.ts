import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { assertFile, configOption, loadConfig, parseConfig } from '../../router/config/config.ts';
import type { Config } from '../../router/config/config-schema.ts';
import { ConfigError } from '../../router/config/yaml/read-yaml.ts';
import { codeOrMessageOf } from '../../router/shared/error-message.ts';
import { FORMAT_OPTION } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import { defineVerb } from '../verb.ts';

export const compose = defineVerb(
  {
    name: 'compose',
    summary:
      'Composes the supergraph, checks that the router serves it, and prints its SDL. Warnings and hints go to stderr.',
    positionals: {
      name: '[FILE]',
      max: 1,
      description:
        'supergraph.yaml, or a supergraph SDL (.graphql). Default: the file that router.yaml names.',
    },
    options: {
      output: {
        type: 'string',
        short: 'o',
        value: 'FILE',
        description: 'Write the SDL to FILE instead of stdout.',
      },
      config: {
        type: 'string',
        short: 'c',
        value: 'FILE',
        description:
          'Check against this router.yaml. With [FILE] and without --config: against the defaults.',
      },
      format: FORMAT_OPTION,
    },
  },
  ({ values, positionals }) => composeOnce(readConfig(positionals[0], values.config), values.output),
);

async function composeOnce(config: Config, output: string | undefined): Promise<Outcome> {
  const { composeSupergraph } = await import('../compose-supergraph.ts');
  const composed = await composeSupergraph(config, process.env);
  switch (composed.kind) {
    case 'rejected':
      return {
        kind: 'failure',
        code: 'SUPERGRAPH_REJECTED',
        message: 'the supergraph cannot be composed or served',
        problems: composed.reasons,
        details: { build_errors: composed.reasons.map((message) => ({ message })) },
      };
    case 'accepted': {
      const { sdl, findings } = composed;
      const written = output === undefined ? [] : [writeOutput(output, sdl)];
      return {
        kind: 'success',
        plain: output === undefined ? sdl : '',
        data: { core_schema: sdl, hints: findings },
        notes: [...findings, ...written],
      };
    }
  }
}

function writeOutput(file: string, sdl: string): string {
  try {
    writeFileSync(file, sdl);
    return `supergraph written to ${file}`;
  } catch (error) {
    throw new ConfigError([`--output: cannot write ${file} (${codeOrMessageOf(error)})`]);
  }
}

function readConfig(file: string | undefined, configFile: string | undefined): Config {
  if (file !== undefined) assertFile(file);
  const env = {
    ...process.env,
    ...(configFile !== undefined && { ROUTER_CONFIG: configOption(configFile) }),
    ...(file !== undefined && { SUPERGRAPH: resolve(file) }),
  };
  const directory = process.cwd();
  if (file === undefined || configFile !== undefined) return loadConfig(env, directory);
  return parseConfig('', { env, fileName: 'router.yaml', directory });
}
