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
      .describe('Compose and swap in a changed file, or a changed schema file that it names.'),
    pollIntervalMs: ms
      .default(10_000)
      .describe('How often subgraphs with `subgraph_url` are asked for their schema.'),
    introspection: z
      .boolean()
      .optional()
      .describe('Answer introspection queries. Default: only in development.'),
    warmOperations: z
      .int()
      .min(0)
      .default(100)
      .describe('How many of the most used operations a new supergraph plans before it serves.'),
  })
  .prefault({});

export const planning = z
  .strictObject({
    timeoutMs: ms.default(5_000).describe('Time to plan one operation.'),
    maxWaitingPerCaller: count
      .default(200)
      .describe(
        'New operations of one user or anonymous address that may wait to be planned. Callers take turns.',
      ),
    cacheEntries: count.default(2_000).describe('Most operations kept planned.'),
    cacheBytes: count
      .optional()
      .describe(
        'Memory for planned operations, estimated; an eighth of it for those requested once. Default: a quarter of the heap.',
      ),
  })
  .prefault({});
