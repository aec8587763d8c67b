import { z } from 'zod';
import { ERROR_BEHAVIORS } from '../execution/error-behavior.ts';

export const degradation = z
  .strictObject({
    onError: z
      .enum(ERROR_BEHAVIORS)
      .default('PROPAGATE')
      .describe(
        'What an error does where the request has no `onError`: null in its own place, null in the next place that may be null, or no data at all.',
      ),
  })
  .prefault({})
  .describe('What is answered in place of what a subgraph does not deliver.');
