import { REPLAY_OPTIONS, givenReplay } from '../checks/replay-options.ts';
import { ConfigError } from '../../router/config/yaml/read-yaml.ts';
import { CHECKED_CONFIG_OPTION, configFor } from '../command-config.ts';
import { MisuseError } from '../command-spec.ts';
import { CI_FORMAT_OPTION } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import { givenCheckSettings } from '../registry/check-settings.ts';
import { defineVerb } from '../verb.ts';

export const check = defineVerb(
  {
    name: 'check',
    summary:
      'Checks what a changed supergraph breaks: composition, the operations of clients, access, query plans. Needs no registry.',
    positionals: {
      name: '[FILE]',
      max: 1,
      description:
        'The changed supergraph: supergraph.yaml, or an SDL (.graphql). Default: the file that router.yaml names.',
    },
    examples: [
      'tributary check supergraph.yaml --against supergraph.graphql --operations manifest.json',
      'tributary check --against https://example.com/supergraph.graphql --operations usage.json --format github',
    ],
    options: {
      against: {
        type: 'string',
        short: 'a',
        value: 'SOURCE',
        description:
          'The supergraph that is served: an SDL file, a supergraph.yaml, a URL or oci://HOST/REPOSITORY:TAG. Required.',
      },
      operations: {
        type: 'string',
        value: 'FILE',
        multiple: true,
        description:
          'Operations of clients: a manifest of Apollo or Relay, or the file that the router records. Repeatable. Default: the manifests in router.yaml. Without any, each breaking change makes the check fail.',
      },
      'since-days': {
        type: 'string',
        value: 'N',
        description: 'Leave out operations that were not seen in the last N days.',
      },
      'ignore-below-calls': {
        type: 'string',
        value: 'N',
        description: 'Leave out operations with fewer than N calls.',
      },
      'exclude-client': {
        type: 'string',
        value: 'NAME',
        multiple: true,
        description: 'Leave out the calls of this client. Repeatable.',
      },
      'fail-on-cost-growth': {
        type: 'string',
        value: 'PERCENT',
        description: 'Fail if the estimated cost of an operation grows by more.',
      },
      ...REPLAY_OPTIONS,
      config: CHECKED_CONFIG_OPTION,
      format: CI_FORMAT_OPTION,
    },
  },
  async ({ values, positionals: [file] }): Promise<Outcome> => {
    // Loaded here, because other verbs do not need the checks.
    const { checkFiles } = await import('../checks/check-files.ts');
    return checkFiles({
      config: checkedConfig(file, values.config),
      usesManifests: file === undefined || values.config !== undefined,
      against: values.against,
      operations: values.operations,
      settings: givenCheckSettings(values),
      replay: givenReplay(values),
    });
  },
);

/** @throws {MisuseError} if a file cannot be read, because exit code 1 means that the change breaks */
function checkedConfig(...files: Parameters<typeof configFor>): ReturnType<typeof configFor> {
  try {
    return configFor(...files);
  } catch (error) {
    throw error instanceof ConfigError ? new MisuseError(error.problems.join('\n')) : error;
  }
}
