import { z } from 'zod';
import { ERROR_BEHAVIORS } from '../execution/error-behavior.ts';

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
  })
  .prefault({})
  .describe('What is answered in place of what a subgraph does not deliver.');
