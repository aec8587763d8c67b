import { statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { assertFile, configFile, loadConfig, parseConfig } from '../router/config/config.ts';
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
 * Returns the configuration for a verb that takes a supergraph as its argument. Without `named`, a
 * supergraph that is named is not checked against a router.yaml that happens to lie in the folder.
 * @throws {ConfigError}
 */
export function configFor(file: string | undefined, named: string | undefined): Config {
  if (file !== undefined) assertFile(file);
  const env = {
    ...routerEnvironment({ config: named }),
    ...(file !== undefined && { SUPERGRAPH: resolve(file) }),
  };
  const directory = process.cwd();
  if (file === undefined || named !== undefined) return loadConfig(env, directory);
  return parseConfig('', { env, fileName: 'router.yaml', directory });
}

/** Returns the router.yaml that `configFor` reads with the same arguments. */
export function configFilesOf(file: string | undefined, named: string | undefined): readonly string[] {
  if (file !== undefined && named === undefined) return [];
  return [configFile(routerEnvironment({ config: named }), process.cwd())];
}

/** @throws {ConfigError} if a result would overwrite a file that the command reads */
export function assertNotInput(output: string | undefined, inputs: readonly string[]): void {
  if (output === undefined || !inputs.some((input) => isSameFile(output, input))) return;
  throw new ConfigError([`--output: ${output} is a file that the command reads, name another one`]);
}

/** Whether two paths lead to the same file, links included. */
function isSameFile(one: string, other: string): boolean {
  if (resolve(one) === resolve(other)) return true;
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false, bigint: true }));
  return a?.isFile() === true && a.dev === b?.dev && a.ino === b.ino;
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
