import { z } from 'zod';
import type { LoadedSchemas } from '../../router/supergraph/subgraph-schemas.ts';
import type { OpenRegistry } from './open-registry.ts';
import { PUBLISH_FIELDS, publishSchema } from './publish-result.ts';
import type { PublishResult } from './publish-result.ts';
import type { SourceRevision } from './source-revision.ts';

const PUBLISH = `mutation ($ref: ID!, $inputs: [PublishInput!]!, $allowBreaking: Boolean!) {
  publishSubgraphs(ref: $ref, inputs: $inputs, allowBreaking: $allowBreaking) { ${PUBLISH_FIELDS} }
}`;

/** Schemas that were loaded, each with its name, URL and place. */
export type SubgraphSchemas = Extract<LoadedSchemas, { kind: 'loaded' }>['subgraphs'];

/** Publishes subgraphs in one launch. Those that have not changed keep their version. */
export async function publishSubgraphs(
  { client, ref }: OpenRegistry,
  subgraphs: SubgraphSchemas,
  { allowBreaking, ...revision }: Partial<SourceRevision> & { readonly allowBreaking: boolean },
): Promise<PublishResult> {
  const inputs = subgraphs.map(({ name, sdl, url }) => ({ name, sdl, routingUrl: url, ...revision }));
  const schema = z.object({ publishSubgraphs: publishSchema });
  return (await client.request(PUBLISH, { ref, inputs, allowBreaking }, schema)).publishSubgraphs;
}
