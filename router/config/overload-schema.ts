import { z } from 'zod';
import { count, ms } from './values.ts';

export const overload = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Refuse what cannot be answered in time with 503, in each process by itself: anonymous and expensive requests first, mutations last.',
      ),
    eventLoopDelayMs: ms
      .default(1_000)
      .describe(
        'Mean delay of the event loop above which requests are refused; each waits for it several times before its deadline.',
      ),
    heapPercent: z
      .number()
      .min(1)
      .max(94)
      .default(85)
      .describe('Share of the heap in use above which requests are refused; at 95 all of them are.'),
    maxConcurrent: count
      .default(4_096)
      .describe('Most requests under way at once, however idle the process.'),
    expensiveCost: count.default(200).describe('Estimated cost from which an operation is expensive.'),
  })
  .prefault({});
