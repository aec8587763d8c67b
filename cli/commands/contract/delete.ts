import { z } from 'zod';
import type { Outcome } from '../../outcome.ts';
import { CommandError } from '../../outcome.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { PUBLISH_FIELDS, publishOutcome, publishSchema } from '../../registry/publish-result.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

const DELETE = `mutation ($ref: ID!, $name: String!) {
  deleteContract(ref: $ref, name: $name) { ${PUBLISH_FIELDS} }
}`;

export const contractDelete = defineVerb(
  {
    name: 'contract delete',
    summary: 'Removes a contract; routers stop serving its graph.',
    positionals: { name: 'NAME', max: 1, description: 'Name of the contract.' },
    examples: ['tributary contract delete partner --graph shop@production --confirm'],
    options: {
      confirm: { type: 'boolean', description: 'Delete; without it, the command fails.' },
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values, positionals: [name = ''] }): Promise<Outcome> => {
    const { client, ref } = await openRegistry(values);
    if (!values.confirm)
      throw new CommandError(
        'NOT_CONFIRMED',
        `clients of contract ${name} of ${ref} would get no responses any more; --confirm deletes it`,
      );
    const { deleteContract } = await client.request(
      DELETE,
      { ref, name },
      z.object({ deleteContract: publishSchema }),
    );
    return publishOutcome(deleteContract, {
      subject: `contract ${name}`,
      action: 'deleted',
      ref,
      schemas: [],
      next: [],
    });
  },
);
