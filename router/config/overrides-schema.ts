import { z } from 'zod';
import { HEADER_NAME } from '../shared/http/header-syntax.ts';

const condition = z
  .strictObject({
    percent: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .describe('Percentage of the callers for which the label is true. A caller keeps its value.'),
    header: z
      .string()
      .regex(HEADER_NAME, 'must be the name of a header')
      .optional()
      .describe('Request header that is `true` if the label is. Any client can send it.'),
    claim: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Claim of the token that is `true` if the label is: a name, or a path such as `features.reviews`.',
      ),
  })
  .refine((value) => Object.values(value).filter((one) => one !== undefined).length === 1, {
    message: 'requires exactly one of `percent`, `header` and `claim`',
  });

export const overrides = z
  .record(z.string(), z.union([z.boolean(), condition], { error: 'must be true, false or a condition' }))
  .default({})
  .describe(
    'Values of the labels of progressive `@override`: `true`, `false` or a condition. Without a value, `percent(n)` is true for n percent of the callers, and any other label is false.',
  );
