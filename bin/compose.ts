import { loadConfig } from '../router/config.ts';
import { ConfigError } from '../router/read-yaml.ts';
import { createSupergraphSource } from '../router/supergraph/supergraph-source.ts';

/** Prints the supergraph SDL on standard output, errors and hints on standard error; exits with 1 when it does not compose. */
async function main(): Promise<number> {
  const config = loadConfig(process.env, process.cwd());
  await using source = createSupergraphSource({ ...config.supergraph, watch: false }, process.env);
  const result = await source.load();
  if (result.kind === 'refused') {
    process.stderr.write(`${result.reasons.join('\n')}\n`);
    return 1;
  }
  for (const finding of result.findings) process.stderr.write(`${finding}\n`);
  process.stdout.write(`${result.sdl}\n`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
