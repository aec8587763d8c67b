import { z } from 'zod';
import { count } from './values.ts';

// The router counts what is left in a token bucket in points × milliseconds. The maximum values of points and
// of the window keep this product a safe integer (docs/decisions/005-token-bucket.md).
const bucket = z.strictObject({
  points: count.max(100_000_000).describe('Maximum number of cost points in the bucket.'),
  windowS: count.max(86_400).default(60).describe('Seconds in which an empty bucket becomes full.'),
});

const fieldLimit = z.strictObject({
  calls: count.max(100_000_000).describe('Maximum number of calls in a burst.'),
  windowS: count.max(86_400).default(3_600).describe('Seconds in which an empty bucket becomes full.'),
  per: z
    .string()
    .regex(
      /^(?:caller|address|argument:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*){0,3})$/,
      'must be caller, address or argument:NAME',
    )
    .default('caller')
    .describe(
      'Key of the count: `caller` counts per user or anonymous address, `address` per address, `argument:email` or `argument:input.email` per value of that argument, ignoring case.',
    ),
  counts: z
    .enum(['all', 'failures'])
    .default('all')
    .describe(
      'Calls to count. `failures` refunds the calls of an operation if all of them return a value; they count until then.',
    ),
});

const fieldLimits = z.union([fieldLimit, z.array(fieldLimit).min(1)], { error: 'must be a map or a list' });

type FieldLimits = z.infer<typeof fieldLimits>;

/**
 * Returns whether a limit counts calls per argument value, or counts only failed calls. Such a limit requires
 * a root field, because the number of calls of other fields is only estimated.
 */
function needsRootField(limits: FieldLimits): boolean {
  return [limits].flat().some(({ per, counts }) => per.startsWith('argument:') || counts === 'failures');
}

export const rateLimit = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Charge each operation its cost in points.'),
    mode: z
      .enum(['enforce', 'measure'])
      .default('enforce')
      .describe('`measure` charges budgets, but only counts the operations that `enforce` would reject.'),
    tiers: z
      .record(z.string(), bucket)
      .prefault({ FREE: { points: 1_000 }, PREMIUM: { points: 10_000 }, ENTERPRISE: { points: 100_000 } })
      .describe('Bucket of each user, by the tier in its token.'),
    defaultTier: z.string().default('FREE').describe('Tier of users whose token names none of these tiers.'),
    anonymous: bucket
      .prefault({ points: 500 })
      .describe('Bucket of callers without a token, one per address.'),
    perAddress: bucket
      .prefault({ points: 200_000 })
      .describe('Bucket that all callers of one address share.'),
    maxCost: count.default(50_000).describe('Maximum cost of one operation.'),
    documentLengthPerPoint: count
      .default(4_096)
      .describe(
        'Number of characters per point in the minimum cost of a document that has to be parsed and planned.',
      ),
    maxSurchargePercent: z
      .int()
      .min(0)
      .max(1_000)
      .default(0)
      .describe(
        'Maximum percentage by which the actual cost of a response may raise the charge above the estimate. A lower actual cost is refunded in full.',
      ),
    fields: z
      .record(z.string().regex(/^[_A-Za-z]\w*\.[_A-Za-z]\w*$/, 'must be Type.field'), fieldLimits)
      .default({})
      .superRefine((fields, context) => {
        for (const [coordinate, limits] of Object.entries(fields))
          if (needsRootField(limits) && !/^(?:Query|Mutation)\./.test(coordinate))
            context.addIssue({
              code: 'custom',
              path: [coordinate],
              message: '`argument:NAME` and `failures` require a field of Query or Mutation',
            });
      })
      .describe(
        'Rate limits of fields, by `Type.field`, such as `Mutation.login`. A field has one limit or a list, all of which must allow a call. Each alias counts as a call.',
      ),
    onRedisFailure: z
      .enum(['local', 'allow', 'deny'])
      .default('local')
      .describe(
        "Behavior while Redis is down: `local` enforces this router's share of each bucket, `allow` disables rate limits, `deny` rejects all requests.",
      ),
    instances: count
      .default(2)
      .describe(
        'Number of routers that share Redis. The local share of a bucket is its size divided by this number.',
      ),
    defaultListSize: count.default(10).describe('Assumed number of items in a list without `@listSize`.'),
  })
  .prefault({})
  .refine((value) => Object.hasOwn(value.tiers, value.defaultTier), {
    path: ['defaultTier'],
    message: 'must be the name of one of the tiers',
  });
