import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../router/config/config.ts';
import { ConfigError } from '../router/config/read-yaml.ts';
import { createSupergraphSource } from '../router/supergraph/supergraph-source.ts';

/*
 * `npm run -s compose [-- FILE] [--output FILE]`: the supergraph SDL on stdout, errors and hints on stderr.
 */

const { values, positionals } = parseArgs({
  options: { output: { type: 'string', short: 'o' } },
  allowPositionals: true,
});

try {
  process.exitCode = await compose(positionals[0]);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function compose(named: string | undefined): Promise<number> {
  const configured = loadConfig(process.env, join(import.meta.dirname, '..')).supergraph;
  const file = named === undefined ? configured.file : resolve(named);
  await using source = createSupergraphSource({ ...configured, file, watch: false }, process.env);
  const composed = await source.load();
  switch (composed.kind) {
    case 'refused':
      console.error(composed.reasons.join('\n'));
      return 1;
    case 'supergraph':
      if (composed.findings.length > 0) console.error(composed.findings.join('\n'));
      if (values.output === undefined) process.stdout.write(composed.sdl);
      else writeFileSync(values.output, composed.sdl);
      return 0;
  }
}
