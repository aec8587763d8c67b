import { z } from 'zod';
import { NEEDS_RESTART, count } from './values.ts';
import { ERROR_BEHAVIORS } from '../shared/graphql/error-behavior.ts';

const coordinate = z.string().regex(/^[_A-Za-z]\w*\.[_A-Za-z]\w*$/, 'must be Type.field');

export const degradation = z
  .strictObject({
    onError: z
      .enum(ERROR_BEHAVIORS)
      .default('PROPAGATE')
      .describe(
        'Error behavior of requests without `onError`: `NULL` sets the failed field to null, `PROPAGATE` sets the nearest nullable parent to null, `HALT` returns no data.',
      ),
    fallbacks: z
      .record(coordinate, z.unknown())
      .default({})
      .describe(
        'Values for fields whose service has failed, by `Type.field`, such as `Product.tags: []`. A value is null, a scalar, an enum value or a list of these.',
      ),
    stale: z
      .record(
        coordinate,
        z.strictObject({
          maxAgeS: z
            .int()
            .min(1)
            .max(86_400)
            .default(300)
            .describe('Maximum age in seconds of a stale value.'),
          per: z
            .enum(['identity', 'everyone'])
            .default('identity')
            .describe(
              'Callers that may receive a value cached for one caller: only callers with the same identity, or everyone.',
            ),
        }),
      )
      .default({})
      .describe(
        'Entity fields whose last value is served, and marked as stale, while their service fails. Example: `Product.inStock: { per: everyone }`.',
      ),
    staleMemoryBytes: count
      .default(16_777_216)
      .describe(
        'Maximum memory in bytes for stale values in this process. With Redis, they are also stored there.',
      )
      .meta(NEEDS_RESTART),
  })
  .prefault({})
  .describe('Contents of a response when a subgraph fails.');
