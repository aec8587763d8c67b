import { once } from 'node:events';
import type { Config } from '../../router/config/config-schema.ts';
import { compositionFileOf } from '../../router/supergraph/sources/source-config.ts';
import { CHECKED_CONFIG_OPTION, OUTPUT_OPTION, assertNotInput, configFor } from '../command-config.ts';
import { rejectedSupergraph, writeResult } from '../command-config.ts';
import type { ComposedSupergraph } from '../compose-supergraph.ts';
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
    assertNotInput(output, compositionFileOf(config.supergraph));
    if (!watch) return composeOnce(config, output);
    await composeOnChange(config, { output, format });
    return undefined;
  },
);

async function composeOnce(config: Config, output: string | undefined): Promise<Outcome> {
  const { openSources } = await import('../trial.ts');
  const { composeSupergraph } = await import('../compose-supergraph.ts');
  await using sources = openSources(config, { watch: false });
  return outcomeOf(await composeSupergraph(config, sources), output);
}

/** Composes at once and after each change, one after another, until a signal ends it. */
async function composeOnChange(
  config: Config,
  { output, format }: { readonly output: string | undefined; readonly format: Format },
): Promise<void> {
  const { openSources } = await import('../trial.ts');
  const { composeSupergraph } = await import('../compose-supergraph.ts');
  await using sources = openSources(config, { watch: true });
  let composing: Promise<void> = Promise.resolve();
  const composeAgain = () => {
    composing = composing.then(async () => {
      printOutcome(outcomeOrFailure(await composeSupergraph(config, sources), output), format);
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
function outcomeOrFailure(composed: ComposedSupergraph, output: string | undefined): Outcome {
  try {
    return outcomeOf(composed, output);
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    return failure;
  }
}

function outcomeOf(composed: ComposedSupergraph, output: string | undefined): Outcome {
  if (composed.kind === 'rejected') return rejectedSupergraph(composed.reasons);
  const { sdl, findings } = composed;
  if (output !== undefined) writeResult(output, sdl);
  return {
    kind: 'success',
    plain: output === undefined ? sdl : '',
    data: { core_schema: sdl, hints: findings },
    notes: [...findings, ...(output === undefined ? [] : [`supergraph written to ${output}`])],
  };
}
