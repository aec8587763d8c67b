import { z } from 'zod';
import { count, ms } from './values.ts';

export const supergraph = z
  .strictObject({
    file: z
      .string()
      .default('supergraph.yaml')
      .describe(
        "Composition file in rover's format, or a supergraph SDL (`.graphql`). `SUPERGRAPH` overrides it.",
      ),
    watch: z
      .boolean()
      .default(true)
      .describe('Reload the supergraph when the file, or a schema file that it names, changes.'),
    pollIntervalMs: ms
      .default(10_000)
      .describe('Interval between schema requests to subgraphs with `subgraph_url`.'),
    introspection: z
      .boolean()
      .optional()
      .describe('Allow introspection queries. Default: true in development, false in production.'),
    warmOperations: z
      .int()
      .min(0)
      .default(100)
      .describe(
        'Number of the most used operations that are planned for a new supergraph before it is activated.',
      ),
  })
  .prefault({});

export const planning = z
  .strictObject({
    timeoutMs: ms.default(5_000).describe('Timeout for planning an operation.'),
    maxWaitingPerCaller: count
      .default(200)
      .describe(
        'Maximum number of new operations of one user or anonymous address that wait to be planned. Callers take turns.',
      ),
    cacheEntries: count.default(2_000).describe('Maximum number of planned operations in the cache.'),
    cacheBytes: count
      .optional()
      .describe(
        'Maximum estimated memory for planned operations. One eighth of it is for operations requested once. Default: a quarter of the heap.',
      ),
  })
  .prefault({});
