import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { Environment } from '../../router/config/yaml/read-yaml.ts';
import { loadSubgraphSchemas } from '../../router/supergraph/subgraph-schemas.ts';
import type { LoadedSchemas } from '../../router/supergraph/subgraph-schemas.ts';
import { parseSupergraphFile } from '../../router/supergraph/supergraph-file.ts';
import type { OpenRegistry } from './open-registry.ts';
import { PUBLISH_FIELDS, publishSchema } from './publish-result.ts';
import type { PublishResult } from './publish-result.ts';
import type { SourceRevision } from './source-revision.ts';

const PUBLISH = `mutation ($ref: ID!, $inputs: [PublishInput!]!, $allowBreaking: Boolean!) {
  publishSubgraphs(ref: $ref, inputs: $inputs, allowBreaking: $allowBreaking) { ${PUBLISH_FIELDS} }
}`;

/** Schemas that were loaded, each with its name, URL and place. */
export type SubgraphSchemas = Extract<LoadedSchemas, { kind: 'loaded' }>['subgraphs'];

/** Loads the subgraphs of a composition file. @throws {ConfigError} if the file is not valid */
export function loadComposition(file: string, env: Environment): Promise<LoadedSchemas> {
  const text = readFileSync(file, 'utf8');
  return loadSubgraphSchemas(
    parseSupergraphFile(text, { env, fileName: file, directory: dirname(resolve(file)) }),
  );
}

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
