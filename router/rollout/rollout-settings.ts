import { z } from 'zod';

const percentagePoints = z.number().min(0).max(100);

/**
 * Schema of the settings for the rollout of a new supergraph, such as the steps of a canary. The registry
 * sends them to routers together with a supergraph.
 */
export const rolloutSettingsSchema = z.object({
  strategy: z
    .enum(['direct', 'canary'])
    .default('direct')
    .describe('`direct` serves a launch to all callers at once, `canary` to a share of them first.'),
  steps: z
    .array(z.number().gt(0).lt(100))
    .min(1)
    .max(20)
    .refine((steps) => steps.every((percent, index) => percent > (steps[index - 1] ?? 0)), 'must rise')
    .readonly()
    .default([5, 25])
    .describe('Shares of callers that use the canary, in percent, one after another.'),
  stepMinutes: z.number().min(0).default(10).describe('Minimum time of each step, in minutes.'),
  minRequests: z
    .number()
    .int()
    .min(20)
    .default(200)
    .describe('Requests on each side below which the canary and the rest are not compared.'),
  maxErrorIncrease: percentagePoints
    .default(1)
    .describe('Tolerated increase of the share of requests with errors, in percentage points.'),
  maxDegradedIncrease: percentagePoints
    .default(2)
    .describe('Tolerated increase of the share of degraded responses, in percentage points.'),
  maxSlowIncrease: percentagePoints
    .default(10)
    .describe('Tolerated increase of the share of slow responses, in percentage points.'),
  promoteAutomatically: z
    .boolean()
    .default(true)
    .describe('Whether the registry goes on to the next step by itself when the canary is healthy.'),
});

/** Settings for the rollout of a new supergraph, such as the steps of a canary. */
export type RolloutSettings = z.output<typeof rolloutSettingsSchema>;
