import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { assertFile, loadConfig, parseConfig } from '../router/config/config.ts';
import type { Config } from '../router/config/config-schema.ts';
import { ConfigError } from '../router/config/yaml/read-yaml.ts';
import { codeOrMessageOf } from '../router/shared/error-message.ts';
import type { Outcome } from './outcome.ts';
import { routerEnvironment } from './router-config.ts';

/** The option of verbs that take a supergraph as their argument. */
export const CHECKED_CONFIG_OPTION = {
  type: 'string',
  short: 'c',
  value: 'FILE',
  description: 'Check against this router.yaml. With [FILE] and without --config: against the defaults.',
} as const;

/** The option of verbs that write their result. */
export const OUTPUT_OPTION = {
  type: 'string',
  short: 'o',
  value: 'FILE',
  description: 'Write the result to FILE instead of stdout.',
} as const;

/**
 * Returns the configuration for a verb that takes a supergraph as its argument. Without `configFile`, a
 * supergraph that is named is not checked against a router.yaml that happens to lie in the folder.
 * @throws {ConfigError}
 */
export function configFor(file: string | undefined, configFile: string | undefined): Config {
  if (file !== undefined) assertFile(file);
  const env = {
    ...routerEnvironment({ config: configFile }),
    ...(file !== undefined && { SUPERGRAPH: resolve(file) }),
  };
  const directory = process.cwd();
  if (file === undefined || configFile !== undefined) return loadConfig(env, directory);
  return parseConfig('', { env, fileName: 'router.yaml', directory });
}

/** @throws {ConfigError} if a result would overwrite the file that the command reads */
export function assertNotInput(output: string | undefined, input: string | undefined): void {
  if (output === undefined || input === undefined || resolve(output) !== resolve(input)) return;
  throw new ConfigError([`--output: ${output} is the file that the command reads, name another one`]);
}

/** @throws {ConfigError} if the file cannot be written */
export function writeResult(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const reason = codeOrMessageOf(error);
    throw new ConfigError([
      `--output: cannot write ${file} (${reason === 'ENOENT' ? 'its folder does not exist' : reason})`,
    ]);
  }
}

/** Returns the failure of a verb whose supergraph a router would not serve. */
export function rejectedSupergraph(reasons: readonly string[]): Outcome {
  return {
    kind: 'failure',
    code: 'SUPERGRAPH_REJECTED',
    message: 'the supergraph cannot be composed or served',
    problems: reasons,
    details: { build_errors: reasons.map((message) => ({ message })) },
  };
}
