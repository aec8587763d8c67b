import { loadSubgraphSchemas } from '../../../router/supergraph/subgraph-schemas.ts';
import { assertFile } from '../../../router/config/config.ts';
import { rejectedSupergraph } from '../../command-config.ts';
import type { Outcome } from '../../outcome.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { publishOutcome } from '../../registry/publish-result.ts';
import { readCompositionFile } from '../../composition-file.ts';
import { publishSubgraphs } from '../../registry/publish-subgraphs.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { sourceRevision } from '../../registry/source-revision.ts';
import { defineVerb } from '../../verb.ts';

export const supergraphPublish = defineVerb(
  {
    name: 'supergraph publish',
    summary:
      'Publishes all subgraphs of a supergraph.yaml in one launch, so that a field can move between them. Others stay.',
    positionals: {
      name: '[FILE]',
      max: 1,
      description: 'The file that names the subgraphs and their schemas. Default: supergraph.yaml.',
    },
    examples: [
      'tributary supergraph publish --graph shop@production',
      'tributary supergraph publish supergraph.yaml --graph shop@production --allow-breaking',
    ],
    options: {
      'allow-breaking': { type: 'boolean', description: 'Publish although recorded operations break.' },
      author: { type: 'string', value: 'TEXT', description: 'Default: from hosted CI or git.' },
      commit: { type: 'string', value: 'TEXT', description: 'Default: from hosted CI or git.' },
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values, positionals: [file = 'supergraph.yaml'] }): Promise<Outcome> => {
    assertFile(file);
    const registry = await openRegistry(values);
    const loaded = await loadSubgraphSchemas(readCompositionFile(file, process.env));
    if (loaded.kind === 'failed') return rejectedSupergraph(loaded.reasons);
    const { subgraphs } = loaded;
    const options = { ...sourceRevision(values), allowBreaking: values['allow-breaking'] };
    return publishOutcome(await publishSubgraphs(registry, subgraphs, options), {
      subject: file,
      action: 'published',
      ref: registry.ref,
      schemas: subgraphs.map(({ name, sdl, place }) => ({ file: place, sdl, subgraph: name })),
      next: ['If the clients above no longer count, repeat with --allow-breaking.'],
    });
  },
);
