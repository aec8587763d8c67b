import { z } from 'zod';
import { OUTPUT_OPTION } from '../../command-config.ts';
import type { Outcome } from '../../outcome.ts';
import { existing } from '../../registry/existing.ts';
import { existingLaunch, launchNumber } from '../../registry/launch-fields.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import type { RegistryValues } from '../../registry/registry-options.ts';
import { sdlOutcome } from '../../registry/sdl-outcome.ts';
import { defineVerb } from '../../verb.ts';

const SERVING = 'query ($ref: ID!) { variant(ref: $ref) { launch: serving { number supergraph } } }';
const NUMBERED =
  'query ($ref: ID!, $number: Int!) { variant(ref: $ref) { launch(number: $number) { number supergraph } } }';

const schema = z.object({
  variant: z
    .object({ launch: z.object({ number: z.int(), supergraph: z.string().nullable() }).nullable() })
    .nullable(),
});

const OPTIONS = {
  launch: {
    type: 'string',
    value: 'N',
    description: 'Number of the launch. Default: the one that is served.',
  },
  output: OUTPUT_OPTION,
  ...REGISTRY_OPTIONS,
} as const;

const VARIANT_ARGUMENT = {
  name: '[GRAPH@VARIANT]',
  max: 1,
  description: 'The variant, instead of --graph.',
} as const;

export const supergraphFetch = defineVerb(
  {
    name: 'supergraph fetch',
    summary: 'Prints the supergraph SDL that routers serve.',
    positionals: VARIANT_ARGUMENT,
    examples: ['tributary supergraph fetch shop@production --output supergraph.graphql'],
    options: OPTIONS,
  },
  async ({ values, positionals: [graph = values.graph] }): Promise<Outcome> => {
    const { number, supergraph } = await fetchSupergraph({ ...values, graph });
    return sdlOutcome(supergraph, values.output, { launch: number });
  },
);

export const graphFetch = defineVerb(
  {
    name: 'graph fetch',
    summary: 'Prints the API schema: what clients see of the supergraph that routers serve.',
    positionals: VARIANT_ARGUMENT,
    examples: ['tributary graph fetch shop@production --output schema.graphql'],
    options: OPTIONS,
  },
  async ({ values, positionals: [graph = values.graph] }): Promise<Outcome> => {
    const { number, supergraph } = await fetchSupergraph({ ...values, graph });
    // Loaded here, because other verbs do not need the router's packages.
    const { readVersion } = await import('../../../checks/composition.ts');
    const { printSchema } = await import('graphql');
    return sdlOutcome(printSchema(readVersion(supergraph).graph.schema), values.output, { launch: number });
  },
);

type FetchValues = RegistryValues & { readonly launch: string | undefined };

async function fetchSupergraph(values: FetchValues) {
  const wanted = values.launch === undefined ? undefined : launchNumber(values.launch);
  const { client, ref } = await openRegistry(values);
  const document = wanted === undefined ? SERVING : NUMBERED;
  const { variant } = await client.request(document, { ref, number: wanted }, schema);
  const { number, supergraph } = existingLaunch(existing(variant, ref).launch, wanted, ref);
  return { number, supergraph: existingLaunch(supergraph, undefined, `launch ${number} of ${ref}`) };
}
