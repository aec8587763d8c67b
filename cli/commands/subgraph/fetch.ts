import { z } from 'zod';
import { OUTPUT_OPTION } from '../../command-config.ts';
import { CommandError } from '../../outcome.ts';
import type { Outcome } from '../../outcome.ts';
import { existing } from '../../registry/existing.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { sdlOutcome } from '../../registry/sdl-outcome.ts';
import { NAME_OPTION, SUBGRAPH_ARGUMENT, subgraphTarget } from '../../registry/subgraph-name.ts';
import { defineVerb } from '../../verb.ts';

const FETCH = `query ($ref: ID!, $name: String!) {
  variant(ref: $ref) { subgraph(name: $name) { sdl routingUrl version } }
}`;

const schema = z.object({
  variant: z
    .object({
      subgraph: z.object({ sdl: z.string(), routingUrl: z.string(), version: z.int() }).nullable(),
    })
    .nullable(),
});

export const subgraphFetch = defineVerb(
  {
    name: 'subgraph fetch',
    summary: 'Prints the schema of a subgraph as it was last published.',
    positionals: SUBGRAPH_ARGUMENT,
    examples: ['tributary subgraph fetch products --graph shop@production --output products.graphql'],
    options: { output: OUTPUT_OPTION, name: NAME_OPTION, ...REGISTRY_OPTIONS },
  },
  async ({ values, positionals }): Promise<Outcome> => {
    const { name, values: targeted } = subgraphTarget(values, positionals);
    const { client, ref } = await openRegistry(targeted);
    const { subgraph } = existing((await client.request(FETCH, { ref, name }, schema)).variant, ref);
    if (subgraph === null)
      throw new CommandError(
        'NOT_FOUND',
        `${ref} has no subgraph ${name}; \`tributary subgraph list\` shows those that it has`,
      );
    const { sdl, routingUrl, version } = subgraph;
    return sdlOutcome(sdl, values.output, { routing_url: routingUrl, version });
  },
);
