import { z } from 'zod';
import { MisuseError } from '../../command-spec.ts';
import type { Outcome } from '../../outcome.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { PUBLISH_FIELDS, publishOutcome, publishSchema } from '../../registry/publish-result.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { SCHEMA_OPTION, readSchema } from '../../registry/schema-file.ts';
import { sourceRevision } from '../../registry/source-revision.ts';
import { NAME_OPTION, SUBGRAPH_ARGUMENT, subgraphTarget } from '../../registry/subgraph-name.ts';
import { defineVerb } from '../../verb.ts';

const PUBLISH = `mutation ($ref: ID!, $input: PublishInput!) {
  publishSubgraph(ref: $ref, input: $input) { ${PUBLISH_FIELDS} }
}`;

export const subgraphPublish = defineVerb(
  {
    name: 'subgraph publish',
    summary:
      'Publishes a subgraph schema. A change that breaks recorded operations is rejected; one that does not compose is stored but not served.',
    positionals: SUBGRAPH_ARGUMENT,
    examples: [
      'tributary subgraph publish products --graph shop@production --schema products.graphql --routing-url https://products.example/graphql',
      'tributary subgraph publish products --schema products.graphql --allow-breaking',
    ],
    options: {
      schema: { ...SCHEMA_OPTION, required: true },
      'routing-url': {
        type: 'string',
        value: 'URL',
        description: 'URL of the subgraph for routers; the first publish needs it. Default: as published.',
      },
      'allow-invalid-routing-url': {
        type: 'boolean',
        description: 'Accept a routing URL that is not an http or https URL.',
      },
      'allow-breaking': {
        type: 'boolean',
        description: 'Publish although recorded operations break.',
      },
      convert: {
        type: 'boolean',
        description:
          'Ignored: rover needs it to convert a graph that is not federated, and all graphs here are.',
      },
      author: { type: 'string', value: 'TEXT', description: 'Default: from hosted CI or git.' },
      commit: { type: 'string', value: 'TEXT', description: 'Default: from hosted CI or git.' },
      name: NAME_OPTION,
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values, positionals }): Promise<Outcome> => {
    const { name, values: targeted } = subgraphTarget(values, positionals);
    const routingUrl = checkedUrl(values['routing-url'], values['allow-invalid-routing-url']);
    const { client, ref } = await openRegistry(targeted);
    const sdl = await readSchema(values.schema);
    const input = {
      name,
      sdl,
      routingUrl,
      ...sourceRevision(values),
      allowBreaking: values['allow-breaking'],
    };
    const { publishSubgraph } = await client.request(
      PUBLISH,
      { ref, input },
      z.object({ publishSubgraph: publishSchema }),
    );
    return publishOutcome(publishSubgraph, {
      subject: `subgraph ${name}`,
      action: 'published',
      ref,
      schemas: [{ file: values.schema === '-' ? undefined : values.schema, sdl, subgraph: name }],
      next: ['If the clients above no longer count, repeat with --allow-breaking.'],
    });
  },
);

function checkedUrl(text: string | undefined, allowInvalid: boolean): string | undefined {
  if (text === undefined || allowInvalid) return text;
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw new MisuseError(
    `--routing-url must be an http or https URL, not "${text}"; --allow-invalid-routing-url accepts it`,
  );
}
