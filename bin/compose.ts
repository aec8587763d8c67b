import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { assertFile, configOption, loadConfig, parseConfig } from '../router/config/config.ts';
import type { Config } from '../router/config/config-schema.ts';
import { ConfigError } from '../router/config/yaml/read-yaml.ts';
import { codeOrMessageOf } from '../router/shared/error-message.ts';
import { readCommandLine } from './command-line.ts';
import { composeSupergraph } from './compose/compose-supergraph.ts';

const COMMAND = {
  name: 'npm run compose',
  summary:
    'Composes the supergraph, checks that the router serves it, and writes its SDL. Errors, warnings and hints go to stderr.',
  positionals: {
    name: '[FILE]',
    max: 1,
    description: 'supergraph.yaml, or a supergraph SDL (.graphql). Default: the file that router.yaml names.',
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
      description: 'Check against this router.yaml. With [FILE] and without --config: against the defaults.',
    },
  },
} as const;

const root = join(import.meta.dirname, '..');
const { values, positionals } = readCommandLine(COMMAND, (line) => line);
try {
  process.exitCode = await compose();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function compose(): Promise<number> {
  const composed = await composeSupergraph(readConfig(positionals[0]), process.env);
  switch (composed.kind) {
    case 'rejected':
      console.error(composed.reasons.join('\n'));
      return 1;
    case 'accepted':
      if (composed.findings.length > 0) console.error(composed.findings.join('\n'));
      if (values.output === undefined) process.stdout.write(composed.sdl);
      else writeOutput(values.output, composed.sdl);
      return 0;
  }
}

function writeOutput(file: string, sdl: string): void {
  try {
    writeFileSync(file, sdl);
    console.error(`supergraph written to ${file}`);
  } catch (error) {
    throw new ConfigError([`--output: cannot write ${file} (${codeOrMessageOf(error)})`]);
  }
}

function readConfig(file: string | undefined): Config {
  if (file !== undefined) assertFile(file);
  const env = {
    ...process.env,
    ...(values.config !== undefined && { ROUTER_CONFIG: configOption(values.config) }),
    ...(file !== undefined && { SUPERGRAPH: resolve(file) }),
  };
  if (file === undefined || values.config !== undefined) return loadConfig(env, root);
  return parseConfig('', { env, fileName: 'router.yaml', directory: root });
}
