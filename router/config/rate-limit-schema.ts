import { z } from 'zod';
import { count } from './values.ts';

// Points times milliseconds must stay an exact integer (docs/decisions/005-token-bucket.md).
const bucket = z.strictObject({
  points: count.max(100_000_000).describe('Cost points that fit the bucket.'),
  windowS: count.max(86_400).default(60).describe('Seconds in which an empty bucket fills up.'),
});

const fieldLimit = z.strictObject({
  calls: count.max(100_000_000).describe('Most calls at once.'),
  windowS: count.max(86_400).default(3_600).describe('Seconds in which they come back.'),
  per: z
    .string()
    .regex(
      /^(?:caller|address|argument:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*){0,3})$/,
      'must be caller, address or argument:NAME',
    )
    .default('caller')
    .describe(
      'Counted for each user, or anonymous address (`caller`); for all callers of an address together (`address`); or for each value of an argument, whoever sends it (`argument:email`, `argument:input.email`; without regard to case).',
    ),
  counts: z
    .enum(['all', 'failures'])
    .default('all')
    .describe(
      '`failures` gives the calls of an operation back if all of them deliver a value. Until then they count.',
    ),
});

const fieldLimits = z.union([fieldLimit, z.array(fieldLimit).min(1)]);

type FieldLimits = z.infer<typeof fieldLimits>;

/** Limits that look at arguments or results need a root field, which is called once for each alias. */
function needsRootField(limits: FieldLimits): boolean {
  return [limits].flat().some(({ per, counts }) => per.startsWith('argument:') || counts === 'failures');
}

export const rateLimit = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Charge each operation its cost.'),
    mode: z
      .enum(['enforce', 'measure'])
      .default('enforce')
      .describe('`measure` charges and counts what would be refused, and refuses nothing.'),
    tiers: z
      .record(z.string(), bucket)
      .prefault({ FREE: { points: 1_000 }, PREMIUM: { points: 10_000 }, ENTERPRISE: { points: 100_000 } })
      .describe('Bucket of a user by the tier in the token.'),
    defaultTier: z.string().default('FREE').describe('Tier of a token that names none of these.'),
    anonymous: bucket.prefault({ points: 500 }).describe('Bucket of a caller without a token, by address.'),
    perAddress: bucket
      .prefault({ points: 200_000 })
      .describe('Bucket of all callers of one address together.'),
    maxCost: count.default(50_000).describe('Most that one operation may cost.'),
    documentLengthPerPoint: count
      .default(4_096)
      .describe(
        'Characters for a point of the price of a document that has to be parsed and planned first; its operation costs that at least.',
      ),
    maxSurchargePercent: z
      .int()
      .min(0)
      .max(1_000)
      .default(0)
      .describe(
        'The cost of an operation is reconciled with its response: down to the cost of what was delivered, or up by at most this percentage of the estimate.',
      ),
    fields: z
      .record(z.string().regex(/^[A-Za-z]\w*\.[A-Za-z]\w*$/, 'must be Type.field'), fieldLimits)
      .default({})
      .superRefine((fields, context) => {
        for (const [coordinate, limits] of Object.entries(fields))
          if (needsRootField(limits) && !/^(?:Query|Mutation)\./.test(coordinate))
            context.addIssue({
              code: 'custom',
              path: [coordinate],
              message: '`argument:NAME` and `failures` need a field of Query or Mutation',
            });
      })
      .describe(
        'Limits on the calls of single fields, as `Mutation.login`: one or a list, all of which must allow a call. Each alias is a call.',
      ),
    onRedisFailure: z
      .enum(['local', 'allow', 'deny'])
      .default('local')
      .describe("While Redis is gone: this router's share of each bucket, no limit, or no request."),
    instances: count
      .default(2)
      .describe('How many routers share Redis; the local share is the bucket divided by it.'),
    defaultListSize: count.default(10).describe('Items assumed of a list without `@listSize`.'),
  })
  .prefault({})
  .refine((value) => Object.hasOwn(value.tiers, value.defaultTier), {
    path: ['defaultTier'],
    message: 'must be one of the tiers',
  });
