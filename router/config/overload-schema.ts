import { z } from 'zod';
import { count, ms } from './values.ts';

export const overload = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Reject requests with status 503 while this process is overloaded: anonymous and expensive requests first, mutations last.',
      ),
    eventLoopDelayMs: ms
      .default(1_000)
      .describe(
        'Mean event loop delay, with a quarter of the wait in the queue of requests, above which requests are rejected. A request is delayed by it several times.',
      ),
    heapPercent: z
      .number()
      .min(1)
      .max(94)
      .default(85)
      .describe('Heap usage in percent above which requests are rejected. At 95 percent all are rejected.'),
    maxConcurrent: count.default(4_096).describe('Maximum number of requests in flight, whatever the load.'),
    expensiveCost: count.default(200).describe('Estimated cost from which an operation counts as expensive.'),
  })
  .prefault({});
