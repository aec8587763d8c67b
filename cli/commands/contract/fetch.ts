import { z } from 'zod';
import { OUTPUT_OPTION } from '../../command-config.ts';
import { CommandError } from '../../outcome.ts';
import type { Outcome } from '../../outcome.ts';
import { existing } from '../../registry/existing.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { sdlOutcome } from '../../registry/sdl-outcome.ts';
import { defineVerb } from '../../verb.ts';

const FETCH = 'query ($ref: ID!) { variant(ref: $ref) { contracts { name sdl } } }';

const schema = z.object({
  variant: z
    .object({ contracts: z.array(z.object({ name: z.string(), sdl: z.string().nullable() })) })
    .nullable(),
});

export const contractFetch = defineVerb(
  {
    name: 'contract fetch',
    summary: 'Prints the schema that clients of a contract see.',
    positionals: { name: 'NAME', max: 1, description: 'Name of the contract.' },
    examples: ['tributary contract fetch partner --graph shop@production --output partner.graphql'],
    options: { output: OUTPUT_OPTION, ...REGISTRY_OPTIONS },
  },
  async ({ values, positionals: [name = ''] }): Promise<Outcome> => {
    const { client, ref } = await openRegistry(values);
    const { contracts } = existing((await client.request(FETCH, { ref }, schema)).variant, ref);
    const found = contracts.find((contract) => contract.name === name);
    if (found === undefined)
      throw new CommandError(
        'NOT_FOUND',
        `${ref} has no contract ${name}; \`tributary contract list\` shows those that it has`,
      );
    if (found.sdl === null)
      throw new CommandError('NO_SUPERGRAPH', `contract ${name} has no schema in the launch that is served`);
    return sdlOutcome(found.sdl, values.output);
  },
);
