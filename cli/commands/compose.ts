import { once } from 'node:events';
import type { Config } from '../../router/config/config-schema.ts';
import { compositionFileOf } from '../../router/supergraph/sources/source-config.ts';
import { CHECKED_CONFIG_OPTION, OUTPUT_OPTION, assertNotInput, configFilesOf } from '../command-config.ts';
import { configFor, rejectedSupergraph, writeResult } from '../command-config.ts';
import type { ComposedSupergraph } from '../compose-supergraph.ts';
import { readCompositionFile } from '../composition-file.ts';
import { FORMAT_OPTION, failureOf, printOutcome } from '../outcome.ts';
import type { Format, Outcome } from '../outcome.ts';
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
    examples: [
      'tributary compose --output supergraph.graphql',
      'tributary compose supergraph.yaml --output supergraph.graphql --watch',
    ],
    options: {
      output: OUTPUT_OPTION,
      watch: {
        type: 'boolean',
        short: 'w',
        description: 'Compose again whenever a file of the supergraph changes, until Ctrl-C.',
      },
      config: CHECKED_CONFIG_OPTION,
      format: FORMAT_OPTION,
    },
  },
  async ({ values: { output, config: configFile, watch, format }, positionals: [file] }) => {
    const config = configFor(file, configFile);
    const result: Result = {
      output,
      assertWritable: () => {
        assertNotInput(output, [...configFilesOf(file, configFile), ...supergraphFilesOf(config)]);
      },
    };
    result.assertWritable();
    if (!watch) return composeOnce(config, result);
    await composeOnChange(config, result, format);
    return undefined;
  },
);

/** Where the SDL is written. */
type Result = {
  readonly output: string | undefined;
  /** @throws {ConfigError} if the SDL would overwrite a file that the command reads */
  readonly assertWritable: () => void;
};

/** Returns the composition file and the files that it names. */
function supergraphFilesOf({ supergraph }: Config): readonly string[] {
  const file = compositionFileOf(supergraph);
  if (file === undefined) return [];
  if (file.endsWith('.graphql')) return [file];
  try {
    const { files, subgraphs } = readCompositionFile(file, process.env);
    const schemas = subgraphs.flatMap(({ schema }) => (schema.kind === 'file' ? [schema.path] : []));
    return [file, ...files, ...schemas];
  } catch {
    // Composition reports what is wrong with the file, and nothing is written.
    return [file];
  }
}

async function composeOnce(config: Config, result: Result): Promise<Outcome> {
  const { openSources } = await import('../trial.ts');
  const { composeSupergraph } = await import('../compose-supergraph.ts');
  await using sources = openSources(config, { watch: false });
  return outcomeOf(await composeSupergraph(config, sources), result);
}

/** Composes at once and after each change, one after another, until a signal ends it. */
async function composeOnChange(config: Config, result: Result, format: Format): Promise<void> {
  const { openSources } = await import('../trial.ts');
  const { composeSupergraph } = await import('../compose-supergraph.ts');
  await using sources = openSources(config, { watch: true });
  let composing: Promise<void> = Promise.resolve();
  const composeAgain = () => {
    composing = composing.then(async () => {
      printOutcome(outcomeOrFailure(await composeSupergraph(config, sources), result), format);
    });
    return composing;
  };
  sources.onChange(composeAgain);
  await composeAgain();
  console.error('waiting for changes, Ctrl-C ends');
  // Watching files does not keep the process running.
  const running = setInterval(() => undefined, 60_000);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(running);
  await composing;
}

/** Returns a failure if the output cannot be written, so that the next change can be composed. */
function outcomeOrFailure(composed: ComposedSupergraph, result: Result): Outcome {
  try {
    return outcomeOf(composed, result);
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    return failure;
  }
}

function outcomeOf(composed: ComposedSupergraph, { output, assertWritable }: Result): Outcome {
  if (composed.kind === 'rejected') return rejectedSupergraph(composed.reasons);
  const { sdl, findings } = composed;
  // A change of the composition file may have added the output to the files that are read.
  assertWritable();
  if (output !== undefined) writeResult(output, sdl);
  return {
    kind: 'success',
    plain: output === undefined ? sdl : '',
    data: { core_schema: sdl, hints: findings },
    notes: [...findings, ...(output === undefined ? [] : [`supergraph written to ${output}`])],
  };
}
