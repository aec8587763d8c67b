import { z } from 'zod';
import { count } from './values.ts';
import { ERROR_BEHAVIORS } from '../shared/graphql/error-behavior.ts';

const coordinate = z.string().regex(/^[A-Za-z]\w*\.[A-Za-z]\w*$/, 'must be Type.field');

export const degradation = z
  .strictObject({
    onError: z
      .enum(ERROR_BEHAVIORS)
      .default('PROPAGATE')
      .describe(
        'What an error does where the request has no `onError`: null in its own place, null in the next place that may be null, or no data at all.',
      ),
    fallbacks: z
      .record(coordinate, z.unknown())
      .default({})
      .describe(
        'What stands in the place of a field whose service has failed, as `Product.tags: []`: null, a scalar, an enum value, or a list of them.',
      ),
    stale: z
      .record(
        coordinate,
        z.strictObject({
          maxAgeS: z.int().min(1).max(86_400).default(300).describe('Oldest value that is served.'),
          per: z
            .enum(['identity', 'everyone'])
            .default('identity')
            .describe('Who may be served what was delivered to one caller.'),
        }),
      )
      .default({})
      .describe(
        'Fields of entities whose last values are served, and marked, while their service fails, as `Product.inStock: { per: everyone }`.',
      ),
    staleMemoryBytes: count
      .default(16_777_216)
      .describe('Memory for such values in this process; with Redis they are kept there too.'),
  })
  .prefault({})
  .describe('What is answered in place of what a subgraph does not deliver.');
