import { z } from 'zod';
import { MisuseError } from '../../command-spec.ts';
import type { Outcome } from '../../outcome.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { PUBLISH_FIELDS, publishOutcome, publishSchema } from '../../registry/publish-result.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

const PUBLISH = `mutation ($ref: ID!, $input: ContractInput!) {
  publishContract(ref: $ref, input: $input) { ${PUBLISH_FIELDS} }
}`;

export const contractPublish = defineVerb(
  {
    name: 'contract publish',
    summary: 'Publishes a contract: the part of the graph that has, or does not have, certain tags.',
    positionals: { name: 'NAME', max: 1, description: 'Name of the contract, such as partner.' },
    examples: [
      'tributary contract publish partner --graph shop@production --include-tag public --exclude-tag internal',
    ],
    options: {
      'include-tag': {
        type: 'string',
        value: 'TAG',
        multiple: true,
        description: 'Include elements with this tag. Repeatable. Default: include everything.',
      },
      'exclude-tag': {
        type: 'string',
        value: 'TAG',
        multiple: true,
        description: 'Exclude elements with this tag, even if they are included. Repeatable.',
      },
      'hide-unreachable': {
        type: 'boolean',
        description: 'Hide types that no field of the contract leads to. This is the default.',
      },
      'show-unreachable': { type: 'boolean', description: 'Keep such types.' },
      'allow-breaking': { type: 'boolean', description: 'Publish although recorded operations break.' },
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values, positionals: [name = ''] }): Promise<Outcome> => {
    const include = values['include-tag'];
    const exclude = values['exclude-tag'];
    if (include.length + exclude.length === 0)
      throw new MisuseError('give at least one --include-tag or --exclude-tag');
    if (values['hide-unreachable'] && values['show-unreachable'])
      throw new MisuseError('give either --hide-unreachable or --show-unreachable');
    const { client, ref } = await openRegistry(values);
    const hideUnreachable = !values['show-unreachable'];
    const input = { name, include, exclude, hideUnreachable, allowBreaking: values['allow-breaking'] };
    const { publishContract } = await client.request(
      PUBLISH,
      { ref, input },
      z.object({ publishContract: publishSchema }),
    );
    return publishOutcome(publishContract, {
      subject: `contract ${name}`,
      action: 'published',
      ref,
      schemas: [],
      next: ['If the clients above no longer count, repeat with --allow-breaking.'],
    });
  },
);
