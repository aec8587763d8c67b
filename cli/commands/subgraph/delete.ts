import { z } from 'zod';
import type { Outcome } from '../../outcome.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { PUBLISH_FIELDS, publishOutcome, publishSchema } from '../../registry/publish-result.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { NAME_OPTION, SUBGRAPH_ARGUMENT, subgraphTarget } from '../../registry/subgraph-name.ts';
import { defineVerb } from '../../verb.ts';

const DELETE = `mutation ($ref: ID!, $name: String!, $dryRun: Boolean!, $allowBreaking: Boolean!) {
  deleteSubgraph(ref: $ref, name: $name, dryRun: $dryRun, allowBreaking: $allowBreaking) { ${PUBLISH_FIELDS} }
}`;

export const subgraphDelete = defineVerb(
  {
    name: 'subgraph delete',
    summary: 'Removes a subgraph from a variant, unless recorded operations break.',
    positionals: SUBGRAPH_ARGUMENT,
    examples: [
      'tributary subgraph delete reviews --graph shop@production --dry-run',
      'tributary subgraph delete reviews --graph shop@production --confirm',
    ],
    options: {
      'dry-run': { type: 'boolean', description: 'Only compose and check the variant without the subgraph.' },
      confirm: { type: 'boolean', description: 'Delete; without it, the command only tries, and fails.' },
      'allow-breaking': { type: 'boolean', description: 'Delete although recorded operations break.' },
      name: NAME_OPTION,
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values, positionals }): Promise<Outcome> => {
    const { name, values: targeted } = subgraphTarget(values, positionals);
    const { client, ref } = await openRegistry(targeted);
    const dryRun = values['dry-run'] || !values.confirm;
    const { deleteSubgraph } = await client.request(
      DELETE,
      { ref, name, dryRun, allowBreaking: values['allow-breaking'] },
      z.object({ deleteSubgraph: publishSchema }),
    );
    const outcome = await publishOutcome(deleteSubgraph, {
      subject: `subgraph ${name}`,
      action: 'deleted',
      dryRun,
      ref,
      schemas: [],
      next: ['If the clients above no longer count, repeat with --allow-breaking.'],
    });
    return outcome.kind === 'success' && dryRun && !values['dry-run'] ? unconfirmed(name, outcome) : outcome;
  },
);

function unconfirmed(name: string, { plain, data }: Extract<Outcome, { kind: 'success' }>): Outcome {
  const message = `subgraph ${name} was not deleted; --confirm deletes it`;
  return { kind: 'failure', code: 'NOT_CONFIRMED', message, plain, data };
}
