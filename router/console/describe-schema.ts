import { Supergraph } from '@apollo/federation-internals';
import { printSchema } from 'graphql';
import { readSupergraph } from '../supergraph/acceptance/read-supergraph.ts';
import type { SchemaResult } from './api-types.ts';

/** SDL of a supergraph, of its API schema and of its subgraphs, as the console shows them. */
export type DescribedSchema = Pick<SchemaResult, 'api' | 'supergraph' | 'subgraphs'>;

/** Number of supergraphs whose schemas are cached. Two suffice, because the console compares two versions. */
const MAX_KEPT = 2;

/**
 * Creates the function that extracts the API schema and the subgraph schemas from a supergraph SDL. It caches
 * the last results.
 */
export function createSchemaDescription(): (id: string, supergraphSdl: string) => DescribedSchema {
  const kept = new Map<string, DescribedSchema>();
  return (id, supergraphSdl) => {
    const described = kept.get(id) ?? describeSchema(supergraphSdl);
    kept.delete(id);
    kept.set(id, described);
    for (const oldest of kept.keys()) if (kept.size > MAX_KEPT) kept.delete(oldest);
    return described;
  };
}

function describeSchema(supergraphSdl: string): DescribedSchema {
  // The supergraph is not validated here: the router has already accepted it, and `Supergraph.build` would
  // reject features that it does not know.
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false, supportedFeatures: null });
  return {
    api: printSchema(readSupergraph(supergraphSdl).graph.schema),
    supergraph: supergraphSdl,
    subgraphs: [...supergraph.subgraphs().values()].map((subgraph) => ({
      name: subgraph.name,
      sdl: subgraph.toString(),
      url: subgraph.url,
    })),
  };
}
